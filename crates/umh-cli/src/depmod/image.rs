// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: of one that is not packed only the sections of interest
//! are read, an eighth of it; a packed one has to be unpacked whole.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use umh_modules::elf::{self, Object};

use super::decode::{self, Decoder, Packing};
use super::facts::Facts;
use super::names::Names;
use super::stamp::Stamp;

/// Reads files one after the other.
pub(super) struct Reader {
    pub(super) names: Names,
    decoder: Decoder,
    packed: Vec<u8>,
    /// Whether checksums are wanted too.
    checksums: bool,
}

impl Reader {
    pub(super) fn new(checksums: bool) -> Self {
        Self {
            names: Names::default(),
            decoder: Decoder::default(),
            packed: Vec::new(),
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

        let mut head = Vec::new();
        fill(&file, 0, HEAD.min(length), &mut head)?;
        let facts = match Packing::of(&head) {
            None => {
                let length = length as u64;
                let object = Object::read(&mut Parts {
                    file: &file,
                    length,
                    head,
                })?;
                Facts::of(&object, &mut self.names, self.checksums)
            }
            Some(packing) => {
                self.packed.clear();
                fill(&file, 0, length, &mut self.packed)?;
                let image = self.decoder.decode(packing, &self.packed)?;
                Facts::of(&Object::parse(image)?, &mut self.names, self.checksums)
            }
        };
        Ok((facts, Stamp::of(&data)))
    }
}

/// The size of an ELF header: enough to know what a file is.
const HEAD: usize = 64;

/// A file that is read in parts.
struct Parts<'a> {
    file: &'a File,
    length: u64,
    /// Its first bytes, which are known.
    head: Vec<u8>,
}

impl elf::Source for Parts<'_> {
    type Bytes = Vec<u8>;
    type Error = Unreadable;

    fn length(&self) -> u64 {
        self.length
    }

    fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, Unreadable> {
        let length = range.end.saturating_sub(range.start);
        if range.start == 0 && length == self.head.len() as u64 {
            return Ok(std::mem::take(&mut self.head));
        }
        let mut bytes = Vec::new();
        fill(
            self.file,
            range.start,
            usize::try_from(length).unwrap_or(usize::MAX),
            &mut bytes,
        )?;
        Ok(bytes)
    }
}

/// Reads `length` bytes from `at` on, without writing zeros there first.
fn fill(file: &File, at: u64, length: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.reserve_exact(length);
    while bytes.len() < length {
        let offset = at + bytes.len() as u64;
        if rustix::io::pread(file, spare_capacity(bytes), offset)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    // There may have been more room than was asked for.
    bytes.truncate(length);
    Ok(())
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
