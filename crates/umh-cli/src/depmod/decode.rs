// SPDX-License-Identifier: MIT OR Apache-2.0

//! Unpacks modules, whole and fast: the answering program has decoders of its
//! own (`umh_modules::compressed`), which are small instead.

use std::fmt;
use std::io::Read;

use zrip_decode::context::DecompressContext;

/// The largest that is unpacked. With all of its debugging information the
/// largest of Debian's 6.12 has 60 MiB.
pub(super) const LIMIT: usize = 512 << 20;
/// For the dictionary, in KiB: twice what `xz -9` asks for.
const MEMORY_KIB: u32 = 128 << 10;

/// How a file is packed: told by its first bytes, never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Xz,
    Zstd,
}

/// Why a file is not unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// It contradicts itself, or ends too early.
    Damaged(Packing),
    /// It is larger than may be.
    Large,
}

impl Packing {
    /// The packing of a file that begins so; nothing if it is not packed.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Unpacks many files, one after the other, in the same memory.
#[derive(Default)]
pub(super) struct Decoder {
    image: Vec<u8>,
    zstd: DecompressContext,
}

impl Decoder {
    /// What `packed` unpacks to, until the next call.
    pub(super) fn decode(&mut self, packing: Packing, packed: &[u8]) -> Result<&[u8], Error> {
        self.decode_at_most(packing, packed, LIMIT)
    }

    fn decode_at_most(
        &mut self,
        packing: Packing,
        packed: &[u8],
        limit: usize,
    ) -> Result<&[u8], Error> {
        self.image.clear();
        let most = limit as u64 + 1;
        let read = match packing {
            Packing::Gzip => {
                let mut reader = flate2::bufread::MultiGzDecoder::new(packed).take(most);
                reader.read_to_end(&mut self.image).is_ok()
            }
            Packing::Xz => {
                let reader = lzma_rust2::XzReader::new_mem_limit(packed, true, MEMORY_KIB);
                reader.take(most).read_to_end(&mut self.image).is_ok()
            }
            Packing::Zstd => {
                // It stops by itself.
                let result = self
                    .zstd
                    .decompress_into_with_limit(packed, &mut self.image, limit);
                if matches!(
                    result,
                    Err(zrip_core::error::DecompressError::OutputTooSmall)
                ) {
                    return Err(Error::Large);
                }
                result.is_ok()
            }
        };
        if self.image.len() > limit {
            return Err(Error::Large);
        }
        if !read {
            return Err(Error::Damaged(packing));
        }
        Ok(&self.image)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(Packing::Gzip) => f.write_str("damaged gzip data"),
            Self::Damaged(Packing::Xz) => f.write_str("damaged xz data"),
            Self::Damaged(Packing::Zstd) => f.write_str("damaged zstd data"),
            Self::Large => write!(f, "more than {} MiB unpacked", LIMIT >> 20),
        }
    }
}
