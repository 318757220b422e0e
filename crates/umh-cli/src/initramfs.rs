// SPDX-License-Identifier: MIT OR Apache-2.0

//! Is usermode-helper in the initramfs? A kernel with the option needs it
//! there too: until the root is mounted, that copy answers.
//!
//! An image is what `init/initramfs.c:unpack_to_rootfs` takes: cpio archives
//! one after the other, padded with zeros, each plain (microcode goes first)
//! or compressed.

mod cpio;
mod unpack;

use std::io::{self, BufRead, Cursor, Read};

use crate::tree::Tree;

pub use cpio::Found;

/// Unpacked, an image is some hundred MiB; more is a bomb or a mistake.
const UNPACKED_LIMIT: u64 = 8 << 30;

/// The images below `/boot` of `tree`, the newest first. Images for rescue
/// and for crash kernels are left out: they are not made on every change.
pub fn images(tree: &Tree) -> io::Result<Vec<String>> {
    let mut images = Vec::new();
    for name in tree.list("/boot")? {
        let Some(name) = name.to_str() else { continue };
        let image = ["initrd.img", "initramfs", "initrd"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let special = ["rescue", "kdump", "fallback", ".old", ".bak"]
            .iter()
            .any(|word| name.contains(word));
        let path = format!("/boot/{name}");
        if let Some(crate::tree::Entry::File(_)) = tree.entry(&path)?
            && image
            && !special
        {
            images.push((tree.stat(&path)?.st_mtime, path));
        }
    }
    images.sort();
    Ok(images.into_iter().rev().map(|(_, path)| path).collect())
}

/// Looks for the file `path` (absolute) in the image; the last one counts, as
/// later archives overwrite earlier ones.
pub fn find(image: impl BufRead, path: &str) -> io::Result<Option<Found>> {
    let mut search = cpio::Search::new(path);
    let mut rest = image;
    while let Some(magic) = next_magic(&mut rest)? {
        let mut archive = Cursor::new(magic).chain(&mut rest);
        if cpio::is_archive(&magic) {
            search.archive(&mut archive)?;
        } else {
            let mut unpacked = unpack::reader(magic, &mut archive)?.take(UNPACKED_LIMIT);
            search_all(&mut search, &mut unpacked)?;
        }
    }
    Ok(search.found())
}

/// Searches the archives of one compressed part.
fn search_all(search: &mut cpio::Search, unpacked: &mut dyn Read) -> io::Result<()> {
    let mut unpacked = io::BufReader::with_capacity(1 << 16, unpacked);
    while let Some(magic) = next_magic(&mut unpacked)? {
        if !cpio::is_archive(&magic) {
            return Err(unknown(&magic));
        }
        search.archive(&mut Cursor::new(magic).chain(&mut unpacked))?;
    }
    Ok(())
}

/// The first six bytes after any padding; `None` at the end.
fn next_magic(input: &mut impl BufRead) -> io::Result<Option<[u8; 6]>> {
    loop {
        let ready = input.fill_buf()?;
        if ready.is_empty() {
            return Ok(None);
        }
        let padding = ready.iter().take_while(|byte| **byte == 0).count();
        let all = padding == ready.len();
        input.consume(padding);
        if !all {
            break;
        }
    }
    let mut magic = [0; 6];
    input.read_exact(&mut magic)?;
    Ok(Some(magic))
}

fn unknown(magic: &[u8]) -> io::Error {
    io::Error::other(format!(
        "neither a cpio archive nor a known compression: {}",
        magic.escape_ascii()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::cpio::tests::archive;
    use super::*;

    const PATH: &str = "/sbin/usermode-helper";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn microcode() -> Vec<u8> {
        let mut early = archive(&[("kernel/x86/microcode/GenuineIntel.bin", b"ucode")]);
        early.resize(early.len().next_multiple_of(512), 0);
        early
    }

    #[test]
    fn the_file_is_found_behind_the_microcode() {
        let main = archive(&[
            ("init", b"#!/bin/sh\n"),
            ("usr/sbin/usermode-helper", b"helper"),
        ]);
        let image = [microcode(), gzip(&main)].concat();
        let found = find(&image[..], PATH).unwrap().unwrap();
        assert_eq!(found.name, "usr/sbin/usermode-helper");
        assert_eq!(found.sha256, crate::hash::of(b"helper"));
        assert_eq!(found.mode, 0o700);
    }

    #[test]
    fn a_later_archive_overwrites_an_earlier_one() {
        let old = archive(&[("sbin/usermode-helper", b"old")]);
        let new = archive(&[("./sbin/usermode-helper", b"new")]);
        let image = [gzip(&old), microcode(), new, vec![0; 512]].concat();
        assert_eq!(
            find(&image[..], PATH).unwrap().unwrap().sha256,
            crate::hash::of(b"new")
        );
    }

    #[test]
    fn every_common_compression_is_read() {
        // One archive, packed as kernels take it: by gzip, xz --check=crc32,
        // zstd, lz4 -l and xz --format=lzma.
        let packed: [&[u8]; 5] = [
            include_bytes!("../tests/data/helper.cpio.gz"),
            include_bytes!("../tests/data/helper.cpio.xz"),
            include_bytes!("../tests/data/helper.cpio.zst"),
            include_bytes!("../tests/data/helper.cpio.lz4"),
            include_bytes!("../tests/data/helper.cpio.lzma"),
        ];
        for (number, packed) in packed.iter().enumerate() {
            let image = [&microcode(), *packed].concat();
            let found = find(&image[..], PATH).unwrap_or_else(|error| panic!("{number}: {error}"));
            assert_eq!(
                found.map(|found| found.sha256),
                Some(crate::hash::of(b"helper")),
                "{number}"
            );
        }
    }

    #[test]
    fn a_cut_image_is_an_error_and_not_a_missing_file() {
        let main = gzip(&archive(&[
            ("init", &[7; 4096]),
            ("sbin/usermode-helper", b"helper"),
        ]));
        for end in [3, 20, main.len() / 2] {
            assert!(find(&main[..end], PATH).is_err(), "{end}");
        }
        assert!(
            find(&b"BZh91AY&SY"[..], PATH)
                .unwrap_err()
                .to_string()
                .contains("bzip2")
        );
        assert!(find(&b"hello, world"[..], PATH).is_err());
    }
}
