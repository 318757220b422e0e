// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: of one that is not packed only the sections of interest
//! are read, an eighth of it; a packed one has to be unpacked whole.

use std::fmt;
use std::io;
use std::path::Path;

use umh_modules::elf::{self, Object};

use super::decode::{self, Decoder, Packing};
use super::facts::{Clerk, Facts};
use super::folder::Folder;
use super::stamp::Stamp;
use crate::kmod::parts::{self, Parts};

/// Reads files one after the other, all into the same memory.
pub(super) struct Reader {
    pub(super) clerk: Clerk,
    folder: Folder,
    decoder: Decoder,
    /// Where a file's parts go. What no file has touched takes no memory.
    room: Vec<u8>,
}

impl Reader {
    pub(super) fn new(clerk: Clerk) -> Self {
        Self {
            clerk,
            folder: Folder::default(),
            decoder: Decoder::default(),
            room: Vec::new(),
        }
    }

    /// What the file at `path` says, and which file it was.
    pub(super) fn read(&mut self, path: &Path) -> Result<(Facts, Stamp), Unreadable> {
        let file = self.folder.open(path)?;
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
                self.clerk.facts(&object)
            }
            Some(packing) => {
                let image = self.decoder.decode(packing, parts.all()?)?;
                self.clerk.facts(&Object::parse(image)?)
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
