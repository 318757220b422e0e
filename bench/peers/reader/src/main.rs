// SPDX-License-Identifier: MIT OR Apache-2.0

//! The least that a depmod of modules that are not packed can do: it finds
//! every module below a directory, opens it, and reads what indexes are made
//! of, or all of it. Nothing is made of it, and nothing written. For modules
//! of this kind of machine alone.
//!
//! ```text
//! reader parts|whole DIRECTORY
//! ```

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

/// The sections of interest.
const NAMES: [&[u8]; 5] = [
    b".modinfo\0",
    b".symtab\0",
    b".strtab\0",
    b"__versions\0",
    b"__ksymtab_strings\0",
];
/// Sections with less between them are read at once.
const NEAR: u64 = 4096;
/// A smaller file is read at once.
const WHOLE: u64 = 16 << 10;
/// Room for the largest module.
const ROOM: usize = 64 << 20;

fn main() -> io::Result<()> {
    let mut words = std::env::args_os().skip(1);
    let is_whole = words.next().is_some_and(|word| word == "whole");
    let mut directories: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let mut room = vec![0; ROOM];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                directories.push(entry.path());
            } else if entry.file_name().as_encoded_bytes().ends_with(b".ko") {
                let file = File::open(entry.path())?;
                let length = file.metadata()?.len();
                if is_whole || length <= WHOLE {
                    read(&file, 0..length, &mut room)?;
                } else {
                    parts(&file, &mut room)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads the header, the section headers with their names, and the sections.
fn parts(file: &File, room: &mut [u8]) -> io::Result<()> {
    let header = read(file, 0..64, room)?;
    let (begin, count) = (number(header, 40, 8), number(header, 60, 2));
    let names = number(header, 62, 2) as usize;
    // The names stand directly before the headers.
    let start = begin.saturating_sub(1024);
    let bytes = read(file, start..begin + 64 * count, room)?;
    let headers = &bytes[(begin - start) as usize..];
    let section = |header: &[u8]| {
        let offset = number(header, 24, 8);
        offset..offset + number(header, 32, 8)
    };
    let names = section(&headers[64 * names..]).start;
    let mut wanted = Vec::new();
    for header in headers.chunks_exact(64) {
        let name = (names + number(header, 0, 4)).saturating_sub(start) as usize;
        let name = bytes.get(name..).unwrap_or_default();
        if NAMES.iter().any(|wanted| name.starts_with(wanted)) || name.starts_with(b"__kcrctab") {
            wanted.push(section(header));
        }
    }

    wanted.sort_unstable_by_key(|range| range.start);
    let mut wanted = wanted.into_iter().peekable();
    while let Some(Range { start, mut end }) = wanted.next() {
        while let Some(next) = wanted.next_if(|next| next.start <= end + NEAR) {
            end = end.max(next.end);
        }
        read(file, start..end, room)?;
    }
    Ok(())
}

fn read<'r>(file: &File, range: Range<u64>, room: &'r mut [u8]) -> io::Result<&'r [u8]> {
    let length = (range.end - range.start) as usize;
    let part = room.get_mut(..length).ok_or(io::ErrorKind::FileTooLarge)?;
    file.read_exact_at(part, range.start)?;
    Ok(part)
}

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let bytes = bytes[at..at + size].iter().rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}
