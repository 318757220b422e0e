// SPDX-License-Identifier: MIT OR Apache-2.0

//! A file system image, which the kernel takes for an initrd of the old kind
//! because it is no archive.
//!
//! Format: Linux `Documentation/filesystems/romfs.rst`, reader
//! `fs/romfs/super.c`. It knows no owners, and of modes only whether a file
//! is executable.

use std::collections::BTreeMap;

use crate::vm::image::Image;

/// An image in the making, by path. Parents are to be added before.
#[derive(Default)]
pub(crate) struct Romfs(BTreeMap<String, Member>);

struct Member {
    kind: u32,
    /// Device numbers; of a directory, its first member.
    information: u32,
    contents: Vec<u8>,
}

const DIRECTORY: u32 = 1;
const FILE: u32 = 2;
const LINK: u32 = 3;
const DEVICE: u32 = 5;
const EXECUTABLE: u32 = 8;

/// Everything begins at a multiple of this; the bits below are the kind.
const ALIGNMENT: usize = 16;

/// The part of the image that its checksum is about.
const CHECKED: usize = 512;

impl Image for Romfs {
    fn directory(&mut self, path: &str, _mode: u32) {
        self.member(path, DIRECTORY | EXECUTABLE, 0, &[]);
    }

    fn file(&mut self, path: &str, mode: u32, contents: &[u8]) {
        let executable = if mode & 0o111 == 0 { 0 } else { EXECUTABLE };
        self.member(path, FILE | executable, 0, contents);
    }

    fn node(&mut self, path: &str, _mode: u32, (major, minor): (u32, u32)) {
        self.member(path, DEVICE, major << 16 | minor, &[]);
    }

    fn link(&mut self, path: &str, target: &str) {
        self.member(path, LINK, 0, target.as_bytes());
    }

    fn contains(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        let mut image = b"-rom1fs-\0\0\0\0\0\0\0\0umh-vm\0".to_vec();
        pad(&mut image, ALIGNMENT);
        let root = header(&mut image, ".", DIRECTORY | EXECUTABLE, 0, &[]);
        let first = self.write(&mut image, "");
        put(&mut image, root + 4, first);
        let size = number(image.len());
        put(&mut image, 8, size);
        // The kernel reads whole blocks.
        pad(&mut image, 1024);
        let sum = sum(image.get(..CHECKED).unwrap_or(&image));
        put(&mut image, 12, sum.wrapping_neg());
        image
    }
}

impl Romfs {
    fn member(&mut self, path: &str, kind: u32, information: u32, contents: &[u8]) {
        let contents = contents.to_vec();
        let member = Member {
            kind,
            information,
            contents,
        };
        self.0.insert(path.to_owned(), member);
    }

    /// Writes what is in `directory`; gives the place of the first, or 0.
    fn write(&self, image: &mut Vec<u8>, directory: &str) -> u32 {
        let mut places = Vec::new();
        for (path, member) in &self.0 {
            let Some((parent, name)) = path.rsplit_once('/') else {
                continue;
            };
            if parent != directory || name.is_empty() {
                continue;
            }
            let Member {
                kind,
                information,
                contents,
            } = member;
            let place = header(image, name, *kind, *information, contents);
            if let Some(before) = places.last() {
                // The kind of the one before stays in the lowest bits.
                let kind = get(image, *before) & 15;
                put(image, *before, number(place) | kind);
            }
            places.push(place);
            if kind & 7 == DIRECTORY {
                let first = self.write(image, path);
                put(image, place + 4, first);
            }
        }
        places.first().map_or(0, |place| number(*place))
    }
}

/// One member: where the next is, the kind, the size, the name, the contents.
/// Gives its place.
fn header(image: &mut Vec<u8>, name: &str, kind: u32, information: u32, contents: &[u8]) -> usize {
    let place = image.len();
    for word in [kind, information, number(contents.len()), 0] {
        image.extend(word.to_be_bytes());
    }
    image.extend(name.bytes().chain([0]));
    pad(image, ALIGNMENT);
    image.extend(contents);
    pad(image, ALIGNMENT);
    place
}

fn pad(image: &mut Vec<u8>, alignment: usize) {
    image.resize(image.len().next_multiple_of(alignment), 0);
}

fn get(image: &[u8], place: usize) -> u32 {
    let word = image
        .get(place..place + 4)
        .and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

fn put(image: &mut [u8], place: usize, word: u32) {
    if let Some(bytes) = image.get_mut(place..place + 4) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks_exact(4).enumerate();
    words.fold(0, |sum, (index, _)| sum.wrapping_add(get(bytes, index * 4)))
}

/// An image of more than 4 GiB is none.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is at `path`, found as the kernel finds it.
    fn lookup(image: &[u8], path: &[&str]) -> Option<usize> {
        let mut place = 32;
        for name in path {
            let mut next = get(image, place + 4) as usize;
            place = loop {
                if next == 0 {
                    return None;
                }
                if image[next + 16..].starts_with(format!("{name}\0").as_bytes()) {
                    break next;
                }
                next = get(image, next) as usize & !15;
            };
        }
        Some(place)
    }

    #[test]
    fn every_member_is_found_and_the_sum_of_the_beginning_is_zero() {
        let mut image = Box::<Romfs>::default();
        image.directory("/dev", 0o755);
        image.node("/dev/console", 0o600, (5, 1));
        image.file("/init", 0o755, b"program");
        image.file("/dev/null", 0o644, b"");
        assert!(image.contains("/dev/console"));
        let image = image.finish();
        assert_eq!(sum(&image[..CHECKED]), 0);

        let init = lookup(&image, &["init"]).unwrap();
        assert_eq!(get(&image, init) & 15, FILE | EXECUTABLE);
        assert!(image[init + 32..].starts_with(b"program"));
        let console = lookup(&image, &["dev", "console"]).unwrap();
        assert_eq!(get(&image, console) & 15, DEVICE);
        assert_eq!(get(&image, console + 4), 5 << 16 | 1);
        assert!(lookup(&image, &["dev", "null"]).is_some());
        assert!(lookup(&image, &["dev", "init"]).is_none());
    }
}
