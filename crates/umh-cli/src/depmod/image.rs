// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: of one that is not packed only the sections of interest
//! are read, an eighth of it; a packed one has to be unpacked whole.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use umh_modules::elf::{self, Object};

use super::decode::{self, Decoder, Packing};
use super::facts::Facts;
use super::names::Names;
use super::stamp::Stamp;

/// Reads files one after the other, all into the same memory.
pub(super) struct Reader {
    pub(super) names: Names,
    decoder: Decoder,
    /// Where a file's parts go. What no file has touched takes no memory.
    room: Vec<u8>,
    /// Whether checksums are wanted too.
    checksums: bool,
}

impl Reader {
    pub(super) fn new(checksums: bool) -> Self {
        Self {
            names: Names::default(),
            decoder: Decoder::default(),
            room: Vec::new(),
            checksums,
        }
    }

    /// What the file at `path` says, and which file it was.
    pub(super) fn read(&mut self, path: &Path) -> Result<(Facts, Stamp), Unreadable> {
        // What was a file a moment ago may be a pipe that nobody writes to.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let mut options = fs::OpenOptions::new();
        let options = options.read(true).custom_flags(flags.bits().cast_signed());
        let file = options.open(path)?;
        let data = file.metadata()?;
        if !data.is_file() {
            return Err(Unreadable::NoFile);
        }
        let length = usize::try_from(data.len())
            .ok()
            .filter(|length| *length <= decode::LIMIT);
        let length = length.ok_or(decode::Error::Large)?;

        // Its beginning, and three times what the sections can be.
        let needed = WHOLE + 3 * length;
        if self.room.len() < needed {
            self.room = vec![0; needed];
        }
        let mut parts = Parts {
            file: &file,
            length,
            head: &[],
            room: &mut self.room,
        };
        let head = if length > WHOLE { HEAD } else { length };
        parts.head = parts.take(0, head)?;
        let facts = match Packing::of(parts.head) {
            None => {
                let object = Object::read(&mut parts)?;
                Facts::of(&object, &mut self.names, self.checksums)
            }
            Some(packing) => {
                let packed = parts.take(0, length)?;
                let image = self.decoder.decode(packing, packed)?;
                Facts::of(&Object::parse(image)?, &mut self.names, self.checksums)
            }
        };
        Ok((facts, Stamp::of(&data)))
    }
}

/// A file of that size is read at once: that costs less than to ask for parts.
const WHOLE: usize = 16 << 10;
/// Of a larger one the ELF header comes first, which tells what it is.
const HEAD: usize = 64;

/// A file that is read in parts.
struct Parts<'a> {
    file: &'a File,
    length: usize,
    /// Its first bytes, which are known.
    head: &'a [u8],
    /// Where others go.
    room: &'a mut [u8],
}

impl<'a> Parts<'a> {
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

/// Why a module cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The system does not give it.
    System(io::Error),
    /// It is a directory, a pipe or a device.
    NoFile,
    /// It cannot be unpacked.
    Packed(decode::Error),
    /// It is no module.
    Object(elf::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<decode::Error> for Unreadable {
    fn from(error: decode::Error) -> Self {
        Self::Packed(error)
    }
}

impl From<elf::Error> for Unreadable {
    fn from(error: elf::Error) -> Self {
        Self::Object(error)
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
