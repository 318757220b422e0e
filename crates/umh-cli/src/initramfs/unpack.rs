// SPDX-License-Identifier: MIT OR Apache-2.0

//! The compressions of `lib/decompress.c`, by their first bytes.

use std::io::{self, BufRead, Read};

/// For LZMA, whose header a hostile image writes (KiB).
const MEMORY_LIMIT: u32 = 256 << 10;

/// A reader of what `packed`, which begins with `magic`, unpacks to.
pub(super) fn reader<'a>(
    magic: [u8; 6],
    packed: &'a mut (dyn BufRead + 'a),
) -> io::Result<Box<dyn Read + 'a>> {
    match magic {
        [0x1f, 0x8b | 0x9e, ..] => Ok(Box::new(flate2::bufread::GzDecoder::new(packed))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let frame =
                ruzstd::decoding::StreamingDecoder::new(packed).map_err(io::Error::other)?;
            Ok(Box::new(frame))
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Ok(Box::new(lzma_rust2::XzReader::new_mem_limit(
            packed,
            false,
            MEMORY_LIMIT,
        ))),
        [0x5d, 0, 0, ..] => Ok(Box::new(lzma_rust2::LzmaReader::new_mem_limit(
            packed,
            MEMORY_LIMIT,
            None,
        )?)),
        // The kernel takes the legacy frame alone (lib/decompress_unlz4.c).
        [0x02, 0x21, 0x4c, 0x18, ..] => Ok(Box::new(lz4_flex::frame::FrameDecoder::new(packed))),
        [b'B', b'Z', b'h', ..] => Err(unread("bzip2")),
        [0x89, b'L', b'Z', b'O', ..] => Err(unread("LZO")),
        _ => Err(super::unknown(&magic)),
    }
}

fn unread(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("packed with {name}, which umh does not read"),
    )
}
