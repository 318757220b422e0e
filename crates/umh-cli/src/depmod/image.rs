// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: of one that is not packed only the sections of interest
//! are read, an eighth of it; a packed one has to be unpacked whole.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use umh_modules::elf::{self, Object};

use super::decode::{self, Decoder, Packing};
use super::facts::Facts;
use super::names::Names;
use super::stamp::Stamp;
use crate::kmod::parts::{self, Parts};

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

        let needed = Parts::room(length);
        if self.room.len() < needed {
            self.room = vec![0; needed];
        }
        let mut parts = Parts::of(&file, length, &mut self.room)?;
        let facts = match Packing::of(parts.head()) {
            None => {
                let object = Object::read(&mut parts)?;
                Facts::of(&object, &mut self.names, self.checksums)
            }
            Some(packing) => {
                let image = self.decoder.decode(packing, parts.all()?)?;
                Facts::of(&Object::parse(image)?, &mut self.names, self.checksums)
            }
        };
        Ok((facts, Stamp::of(&data)))
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

impl From<parts::Unreadable> for Unreadable {
    fn from(unreadable: parts::Unreadable) -> Self {
        match unreadable {
            parts::Unreadable::System(error) => Self::System(error),
            parts::Unreadable::Object(error) => Self::Object(error),
        }
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
