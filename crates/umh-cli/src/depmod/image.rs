// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: of one that is not packed only the sections of interest
//! are read, an eighth of it; a packed one has to be unpacked whole.

use std::path::Path;

use umh_modules::compressed::{Error, Format, LIMIT};
use umh_modules::elf::Object;

use super::decode::Decoder;
use super::facts::{Clerk, Facts};
use super::folder::Folder;
use super::stamp::Stamp;
use crate::kmod::parts::{Parts, Unreadable};

/// Reads files one after the other, all into the same memory.
pub(super) struct Reader {
    pub(super) clerk: Clerk,
    folder: Folder,
    decoder: Decoder,
    /// Where a file's parts go.
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
            .filter(|length| *length <= LIMIT);
        let length = length.ok_or(Error::TooLarge)?;

        let mut parts = Parts::of(&file, length, &mut self.room)?;
        let facts = match Format::of(parts.head()) {
            Format::Plain => {
                let object = Object::read(&mut parts)?;
                self.clerk.facts(&object)
            }
            format => {
                let image = self.decoder.decode(format, parts.all()?)?;
                self.clerk.facts(&Object::parse(image)?)
            }
        };
        Ok((facts, Stamp::of(&data)))
    }
}
