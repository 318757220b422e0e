// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file that is read in parts: of one that is not packed an eighth
//! is of interest.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use umh_modules::{compressed, elf};

/// A file, as far as it was read.
#[derive(Debug)]
pub struct Parts<'a> {
    file: &'a File,
    length: usize,
    head: &'a [u8],
    /// Where what is read goes.
    room: &'a mut [u8],
}

/// Why a module cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The system does not give it.
    System(io::Error),
    /// It is a directory, a pipe or a device.
    NoFile,
    /// It cannot be unpacked.
    Packed(compressed::Error),
    /// It is no module.
    Object(elf::Error),
}

/// A file of that size is read at once: that costs less than to ask for parts.
const WHOLE: usize = 16 << 10;
/// Of a larger one the ELF header comes first, which tells what it is.
const HEAD: usize = 64;

impl<'a> Parts<'a> {
    /// The beginning of `file`, which has `length` bytes. What is in `room` is
    /// of no interest any more; many files may share it.
    pub fn of(file: &'a File, length: usize, room: &'a mut Vec<u8>) -> io::Result<Self> {
        // Its beginning, three times all of it, which an object may ask for,
        // and all of it once more. What no file has touched takes no memory.
        let most = WHOLE + 4 * length;
        if room.len() < most {
            *room = vec![0; most];
        }
        let mut parts = Self {
            file,
            length,
            head: &[],
            room,
        };
        let head = if length > WHOLE { HEAD } else { length };
        parts.head = parts.take(0, head)?;
        Ok(parts)
    }

    /// The first bytes.
    pub fn head(&self) -> &'a [u8] {
        self.head
    }

    /// All bytes.
    pub fn all(&mut self) -> io::Result<&'a [u8]> {
        self.take(0, self.length)
    }

    /// The last bytes, at most so many.
    pub fn end(&mut self, most: usize) -> io::Result<&'a [u8]> {
        let count = most.min(self.length);
        self.take(self.length - count, count)
    }

    /// Reads `length` bytes from `at` on.
    fn take(&mut self, at: usize, length: usize) -> io::Result<&'a [u8]> {
        let part;
        (part, self.room) = std::mem::take(&mut self.room)
            .split_at_mut_checked(length)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.file.read_exact_at(part, at as u64)?;
        Ok(part)
    }
}

impl<'a> elf::Source<'a> for Parts<'a> {
    type Error = Unreadable;

    fn length(&self) -> u64 {
        self.length as u64
    }

    fn read(&mut self, range: Range<u64>) -> Result<&'a [u8], Unreadable> {
        let begin = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        match self.head.get(begin..end) {
            Some(part) => Ok(part),
            None => Ok(self.take(begin, end.saturating_sub(begin))?),
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<compressed::Error> for Unreadable {
    fn from(error: compressed::Error) -> Self {
        Self::Packed(error)
    }
}

impl From<elf::Error> for Unreadable {
    fn from(error: elf::Error) -> Self {
        Self::Object(error)
    }
}

impl From<Unreadable> for io::Error {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::System(error) => error,
            unreadable => Self::other(unreadable.to_string()),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("it became shorter while it was read")
            }
            Self::System(error) => error.fmt(f),
            Self::NoFile => f.write_str("not a regular file"),
            Self::Packed(error) => error.fmt(f),
            Self::Object(error) => error.fmt(f),
        }
    }
}
