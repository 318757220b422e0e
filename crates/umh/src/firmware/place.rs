// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where a file goes: to memory of its own, or to a caller's.

use std::path::Path;

use umh_core::errno::Errno;
use umh_core::firmware::Packing;

use super::{Image, read};
use crate::error::io_errno;

/// What takes a file's bytes.
pub(super) trait Destination {
    /// What the request gives.
    type Done;
    /// Takes what is in memory already.
    fn copy(&mut self, image: &Image) -> Result<Self::Done, Errno>;
    /// Takes what is in a file.
    fn file(&mut self, path: &Path, packing: Packing) -> Result<Self::Done, Errno>;
}

/// Memory of its own, however long the file is.
pub(super) struct Whole;

impl Destination for Whole {
    type Done = Image;

    fn copy(&mut self, image: &Image) -> Result<Image, Errno> {
        Ok(image.clone())
    }

    fn file(&mut self, path: &Path, packing: Packing) -> Result<Image, Errno> {
        read::file(path, packing)
    }
}

/// A caller's memory.
pub(super) struct Buffer<'a> {
    bytes: &'a mut [u8],
    /// For a part of the file.
    offset: Option<u64>,
}

impl<'a> Buffer<'a> {
    pub(super) fn whole(bytes: &'a mut [u8]) -> Self {
        Self {
            bytes,
            offset: None,
        }
    }

    pub(super) fn part(bytes: &'a mut [u8], offset: u64) -> Self {
        Self {
            bytes,
            offset: Some(offset),
        }
    }
}

impl Destination for Buffer<'_> {
    type Done = usize;

    fn copy(&mut self, image: &Image) -> Result<usize, Errno> {
        let offset = usize::try_from(self.offset.unwrap_or(0)).unwrap_or(usize::MAX);
        if self.offset.is_none() && image.len() > self.bytes.len() {
            return Err(Errno::ENOMEM);
        }
        let image = image.get(offset..).unwrap_or_default();
        something(read::fill(image, self.bytes).map_err(|error| io_errno(&error))?)
    }

    fn file(&mut self, path: &Path, packing: Packing) -> Result<usize, Errno> {
        something(match self.offset {
            None => read::into(path, packing, self.bytes)?,
            Some(offset) => read::part(path, offset, self.bytes)?,
        })
    }
}

/// A file of no bytes is no file.
fn something(bytes: usize) -> Result<usize, Errno> {
    if bytes == 0 {
        return Err(Errno::ENOENT);
    }
    Ok(bytes)
}
