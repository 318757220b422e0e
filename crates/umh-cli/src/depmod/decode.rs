// SPDX-License-Identifier: MIT OR Apache-2.0

//! Unpacks modules, whole and fast: the answering program has decoders of its
//! own (`umh_modules::compressed`), which are small instead.

use std::io::Read;

use umh_modules::compressed::{Error, Format, LIMIT};
use zrip_decode::context::DecompressContext;

/// For the dictionary, in KiB: twice what `xz -9` asks for.
const MEMORY_KIB: u32 = 128 << 10;

/// Unpacks many files, one after the other, in the same memory.
#[derive(Default)]
pub(super) struct Decoder {
    image: Vec<u8>,
    zstd: DecompressContext,
}

impl Decoder {
    /// What `packed` unpacks to, until the next call.
    pub(super) fn decode<'a>(
        &'a mut self,
        format: Format,
        packed: &'a [u8],
    ) -> Result<&'a [u8], Error> {
        self.image.clear();
        let most = LIMIT as u64 + 1;
        let read = match format {
            Format::Plain => return Ok(packed),
            Format::Gzip => {
                let mut reader = flate2::bufread::MultiGzDecoder::new(packed).take(most);
                reader.read_to_end(&mut self.image).is_ok()
            }
            Format::Xz => {
                let reader = lzma_rust2::XzReader::new_mem_limit(packed, true, MEMORY_KIB);
                reader.take(most).read_to_end(&mut self.image).is_ok()
            }
            Format::Zstd => {
                // It stops by itself.
                let result = self
                    .zstd
                    .decompress_into_with_limit(packed, &mut self.image, LIMIT);
                if matches!(
                    result,
                    Err(zrip_core::error::DecompressError::OutputTooSmall)
                ) {
                    return Err(Error::TooLarge);
                }
                result.is_ok()
            }
        };
        if self.image.len() > LIMIT {
            return Err(Error::TooLarge);
        }
        if !read {
            return Err(Error::Damaged(format));
        }
        Ok(&self.image)
    }
}
