// SPDX-License-Identifier: MIT OR Apache-2.0

//! The archive that the kernel unpacks into its first root.
//!
//! Format: Linux `Documentation/driver-api/early-userspace/buffer-format.rst`,
//! reader `init/initramfs.c`. Everything is root's and has time 0, so equal
//! trees give equal archives.

use std::collections::BTreeSet;

use crate::vm::image::Image;

/// An archive in the making. Paths are absolute; parents that nobody added
/// are added with mode 0755.
#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    members: BTreeSet<String>,
    links: Vec<(String, String)>,
}

impl Image for Archive {
    fn directory(&mut self, path: &str, mode: u32) {
        let path = self.place(path);
        self.member(&path, 0o040_000 | mode, (0, 0), &[]);
    }

    fn file(&mut self, path: &str, mode: u32, contents: &[u8]) {
        let path = self.place(path);
        self.member(&path, 0o100_000 | mode, (0, 0), contents);
    }

    fn node(&mut self, path: &str, mode: u32, device: (u32, u32)) {
        let path = self.place(path);
        self.member(&path, 0o020_000 | mode, device, &[]);
    }

    /// A symbolic link. One at the top to a directory, such as `/lib` to
    /// `usr/lib`, is followed by later members.
    fn link(&mut self, path: &str, target: &str) {
        let path = self.place(path);
        if path.rfind('/') == Some(0) {
            self.links.push((format!("{path}/"), format!("/{target}/")));
        }
        self.member(&path, 0o120_777, (0, 0), target.as_bytes());
    }

    fn contains(&self, path: &str) -> bool {
        self.members.contains(&self.followed(path))
    }

    fn finish(mut self: Box<Self>) -> Vec<u8> {
        self.append("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }
}

impl Archive {
    fn followed(&self, path: &str) -> String {
        let over =
            |(from, to): &(String, String)| Some(to.clone() + path.strip_prefix(from.as_str())?);
        self.links
            .iter()
            .find_map(over)
            .unwrap_or_else(|| path.to_owned())
    }

    fn place(&mut self, path: &str) -> String {
        let path = self.followed(path);
        if let Some((parent, _)) = path.rsplit_once('/')
            && !parent.is_empty()
            && !self.members.contains(parent)
        {
            self.directory(parent, 0o755);
        }
        path
    }

    fn member(&mut self, path: &str, mode: u32, device: (u32, u32), contents: &[u8]) {
        self.members.insert(path.to_owned());
        // The root is `.` in an archive.
        let name = path.trim_start_matches('/');
        let name = if name.is_empty() { "." } else { name };
        self.append(name, mode, device, contents);
    }

    fn append(&mut self, name: &str, mode: u32, device: (u32, u32), contents: &[u8]) {
        // Hard links are told by equal inodes of files with several links.
        let inode = self.members.len();
        let header = format!(
            "070701{inode:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
            0, // uid
            0, // gid
            1, // links
            0, // time
            contents.len(),
            0, // device of the file system
            0,
            device.0,
            device.1,
            name.len() + 1,
            0, // checksum, of the other format only
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(contents);
        self.pad();
    }

    fn pad(&mut self) {
        let length = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_aligned_and_parents_come_first() {
        let mut archive = Box::new(Archive::default());
        archive.link("/lib", "usr/lib");
        archive.file("/lib/modules/a.ko", 0o644, b"abc");
        assert!(archive.contains("/usr/lib/modules/a.ko"));
        assert!(archive.contains("/lib/modules/a.ko"));
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);

        let mut names = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let number = |at: usize| {
                let digits = std::str::from_utf8(&rest[at..at + 8]).unwrap();
                usize::from_str_radix(digits, 16).unwrap()
            };
            assert_eq!(&rest[..6], b"070701");
            let (size, length) = (number(54), number(94));
            names.push(String::from_utf8(rest[110..110 + length - 1].to_vec()).unwrap());
            let contents = (110 + length).next_multiple_of(4);
            rest = &rest[(contents + size).next_multiple_of(4)..];
        }
        let expected = [
            "lib",
            "usr",
            "usr/lib",
            "usr/lib/modules",
            "usr/lib/modules/a.ko",
            "TRAILER!!!",
        ];
        assert_eq!(names, expected);
    }
}
