// SPDX-License-Identifier: MIT OR Apache-2.0

//! zstd(1), whether or not a frame says how long its content is.

use alloc::vec::Vec;

use super::{Error, Format};

pub(super) fn decode(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    // What goes beyond the limit is not told from what is damaged.
    zrip_decode::decompress_with_limit(packed, limit).map_err(|_| Error::Damaged(Format::Zstd))
}
