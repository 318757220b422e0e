// SPDX-License-Identifier: MIT OR Apache-2.0

//! One cpio archive in the "newc" form, searched for one file while it
//! streams by (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::io::{self, Read};

use crate::hash::Sha256;

/// Longer names are no paths (`PATH_MAX`).
const NAME_LIMIT: u32 = 4096;

/// A file that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name in the archive.
    pub name: String,
    /// Its permission bits.
    pub mode: u32,
    /// The hash of its content, in hexadecimal.
    pub sha256: String,
}

/// Whether an archive begins with `magic`.
pub(super) fn is_archive(magic: &[u8; 6]) -> bool {
    matches!(magic, b"070701" | b"070702")
}

/// A search through several archives.
pub(super) struct Search {
    names: Vec<String>,
    found: Option<Found>,
    /// Inode number and name of a hard link whose content comes later.
    pending: Option<(u32, String)>,
}

impl Search {
    /// Looks for `path` where it may lie: `/sbin` is a link to `/usr/sbin` or
    /// `/usr/bin` in many images.
    pub(super) fn new(path: &str) -> Self {
        let plain = path.trim_start_matches('/').to_owned();
        let mut names = vec![plain.clone()];
        if let Some(program) = plain.strip_prefix("sbin/") {
            names.extend(
                ["usr/sbin", "usr/bin", "bin"].map(|directory| format!("{directory}/{program}")),
            );
        }
        Self {
            names,
            found: None,
            pending: None,
        }
    }

    /// The last file of that name.
    pub(super) fn found(self) -> Option<Found> {
        self.found
    }

    /// Reads one archive up to its trailer.
    pub(super) fn archive(&mut self, input: &mut dyn Read) -> io::Result<()> {
        loop {
            let header = Header::read(input)?;
            let name = read_name(input, header.name_len)?;
            if name == "TRAILER!!!" {
                return Ok(());
            }
            let name = name
                .trim_start_matches("./")
                .trim_start_matches('/')
                .to_owned();
            let linked = self
                .pending
                .as_ref()
                .is_some_and(|(inode, _)| header.links > 1 && *inode == header.inode);
            let wanted = header.is_file() && (linked || self.names.contains(&name));
            if !wanted {
                skip(input, header.size)?;
            } else if header.size == 0 && header.links > 1 {
                self.pending = Some((header.inode, name));
            } else {
                let name = self
                    .pending
                    .take()
                    .filter(|_| linked)
                    .map_or(name, |(_, name)| name);
                let sha256 = hash(input, header.size)?;
                self.found = Some(Found {
                    name,
                    mode: header.mode & 0o7777,
                    sha256,
                });
            }
            skip(input, padding(header.size))?;
        }
    }
}

/// The fields of a header that matter here.
struct Header {
    inode: u32,
    mode: u32,
    links: u32,
    size: u32,
    name_len: u32,
}

impl Header {
    /// Thirteen numbers of eight hexadecimal digits after the magic.
    fn read(input: &mut dyn Read) -> io::Result<Self> {
        let mut header = [0; 110];
        input.read_exact(&mut header)?;
        let (magic, numbers) = header.split_at(6);
        if magic != b"070701" && magic != b"070702" {
            return Err(super::unknown(magic));
        }
        let mut fields = [0u32; 13];
        for (field, digits) in fields.iter_mut().zip(numbers.chunks_exact(8)) {
            let text = str::from_utf8(digits).map_err(|_| broken("header"))?;
            *field = u32::from_str_radix(text, 16).map_err(|_| broken("header"))?;
        }
        let [inode, mode, _, _, links, _, size, _, _, _, _, name_len, _] = fields;
        Ok(Self {
            inode,
            mode,
            links,
            size,
            name_len,
        })
    }

    fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

/// Reads a name with its NUL, up to the next multiple of four.
fn read_name(input: &mut dyn Read, len: u32) -> io::Result<String> {
    if len == 0 || len > NAME_LIMIT {
        return Err(broken("name"));
    }
    let mut name = vec![0; len as usize];
    input.read_exact(&mut name)?;
    // The header is 110 bytes long.
    skip(input, padding(110 + len))?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn hash(input: &mut dyn Read, size: u32) -> io::Result<String> {
    let mut hash = Sha256::default();
    let copied = io::copy(&mut input.take(size.into()), &mut hash)?;
    if copied == u64::from(size) {
        Ok(hash.finish())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn skip(input: &mut dyn Read, size: u32) -> io::Result<()> {
    let skipped = io::copy(&mut input.take(size.into()), &mut io::sink())?;
    if skipped == u64::from(size) {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// How many bytes follow to the next multiple of four.
fn padding(size: u32) -> u32 {
    size.wrapping_neg() % 4
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("broken cpio {what}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive of files of mode 0700; an empty one is a hard link of the
    /// next.
    pub(in super::super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in files.iter().copied().chain([("TRAILER!!!", &b""[..])]) {
            let links = if content.is_empty() { 2 } else { 1 };
            entry(&mut bytes, name, 1, links, content);
        }
        bytes
    }

    fn entry(bytes: &mut Vec<u8>, name: &str, inode: usize, links: usize, content: &[u8]) {
        let mode = 0o100_700;
        let numbers = [
            inode,
            mode,
            0,
            0,
            links,
            0,
            content.len(),
            0,
            0,
            0,
            0,
            name.len() + 1,
            0,
        ];
        bytes.extend_from_slice(b"070701");
        for number in numbers {
            bytes.extend_from_slice(format!("{number:08X}").as_bytes());
        }
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }

    #[test]
    fn the_content_of_a_hard_link_comes_with_its_last_name() {
        let mut bytes = Vec::new();
        entry(&mut bytes, "sbin/usermode-helper", 7, 2, b"");
        entry(&mut bytes, "sbin/other", 8, 2, b"other");
        entry(&mut bytes, "sbin/twin", 7, 2, b"helper");
        entry(&mut bytes, "TRAILER!!!", 0, 1, b"");
        let mut search = Search::new("/sbin/usermode-helper");
        search.archive(&mut &bytes[..]).unwrap();
        let found = search.found().unwrap();
        assert_eq!(
            (found.name.as_str(), found.sha256),
            ("sbin/usermode-helper", crate::hash::of(b"helper"))
        );
    }

    #[test]
    fn a_broken_header_is_an_error() {
        let whole = archive(&[("sbin/usermode-helper", b"helper")]);
        for at in 0..110 {
            let mut broken = whole.clone();
            broken[at] = b'Z';
            assert!(
                Search::new("/x").archive(&mut &broken[..]).is_err(),
                "byte {at}"
            );
        }
    }
}
