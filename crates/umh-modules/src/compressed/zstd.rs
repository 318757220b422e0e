// SPDX-License-Identifier: MIT OR Apache-2.0

//! zstd(1), whether or not a frame says how long its content is.

use alloc::vec::Vec;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::io::Read as _;

use super::{Error, Format, Output};

/// How much is unpacked before it is taken.
const STEP: usize = 256 << 10;

/// The largest window: what `zstd --ultra -22` asks for.
const WINDOW_MAX: u64 = 128 << 20;

pub(super) fn decode(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let damaged = |_| Error::Damaged(Format::Zstd);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW_MAX);
    let mut output = Output::new(packed.len().saturating_mul(5), packed.len(), limit);
    let mut rest = packed;
    while !rest.is_empty() {
        match decoder.init(&mut rest) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).map_err(|_| Error::TooLarge)?;
                rest = rest.get(length..).ok_or(Error::Damaged(Format::Zstd))?;
                continue;
            }
            Err(error) => return Err(damaged(error)),
        }
        while !(decoder.is_finished() && decoder.can_collect() == 0) {
            if !decoder.is_finished() {
                decoder
                    .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(STEP))
                    .map_err(damaged)?;
            }
            while decoder.can_collect() > 0 {
                let free = output.free()?;
                let read = decoder.read(free);
                output.used += read.map_err(|_| Error::Damaged(Format::Zstd))?;
            }
        }
        if decoder
            .get_checksum_from_data()
            .is_some_and(|sum| decoder.get_calculated_checksum() != Some(sum))
        {
            return Err(Error::Damaged(Format::Zstd));
        }
    }
    output.finish()
}
