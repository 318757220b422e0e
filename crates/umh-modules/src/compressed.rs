// SPDX-License-Identifier: MIT OR Apache-2.0

//! Compressed modules: which the kernel unpacks itself, and the others
//! unpacked here.
//!
//! A file is known by its first bytes, never by its name.

mod gzip;
mod xz;
mod zstd;

use alloc::vec::Vec;
use core::fmt;

/// The largest module that is unpacked. With all of its debugging
/// information the largest of Debian's 6.12 has 60 MiB.
pub const LIMIT: usize = 512 << 20;

/// How many of a file's first bytes [`Format::of`] and [`kernel_refuses`]
/// look at.
pub const HEADER: usize = 32;

/// How a module is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Not at all.
    Plain,
    /// gzip(1).
    Gzip,
    /// xz(1).
    Xz,
    /// zstd(1).
    Zstd,
}

/// Why something is not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It contradicts itself, or ends too early.
    Damaged(Format),
    /// It is larger than may be.
    TooLarge,
}

impl Format {
    /// The format of a file that begins so.
    pub const fn of(begin: &[u8]) -> Self {
        match begin {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// The word in `/sys/module/compression`; empty for [`Format::Plain`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

/// Why a kernel that unpacks the format cannot unpack a file that begins so
/// (`kernel/module/decompress.c`, 6.12 and 7.2).
pub const fn kernel_refuses(begin: &[u8]) -> Option<&'static str> {
    /// RFC 1952: FHCRC, FEXTRA, FCOMMENT. It steps over FNAME alone.
    const GZIP_FLAGS: u8 = 0x02 | 0x04 | 0x10;
    match begin {
        [0x1f, 0x8b, _, flags, ..] if *flags & GZIP_FLAGS != 0 => {
            Some("gzip with fields that the kernel does not step over")
        }
        // The second byte of the stream flags: CRC32 is 1, CRC64 4, SHA256 10.
        [0xfd, b'7', b'z', b'X', b'Z', 0, _, check, ..] if *check > 1 => {
            Some("xz with a check that the kernel does not know (xz --check=crc32 makes one)")
        }
        _ => None,
    }
}

/// Unpacks all of `packed`; what is not packed is returned as it is.
pub fn decode(packed: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    match Format::of(packed) {
        Format::Plain if packed.len() > limit => Err(Error::TooLarge),
        Format::Plain => Ok(packed.to_vec()),
        Format::Gzip => gzip::decode(packed, limit),
        Format::Xz => xz::decode(packed, limit),
        Format::Zstd => zstd::decode(packed, limit),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(format) => write!(f, "damaged {} data", format.name()),
            Self::TooLarge => write!(f, "more than {} MiB unpacked", LIMIT >> 20),
        }
    }
}

/// Room for what is unpacked, which grows as it is used.
struct Output {
    bytes: Vec<u8>,
    used: usize,
    limit: usize,
}

impl Output {
    /// Room for at most `limit` bytes, if so many are expected from `packed`
    /// bytes: what a header says is believed as far as it is plausible.
    fn new(expected: usize, packed: usize, limit: usize) -> Self {
        let plausible = packed.saturating_mul(64).min(limit);
        Self {
            // One more, to see the end without growing.
            bytes: alloc::vec![0; expected.min(plausible) + 1],
            used: 0,
            limit,
        }
    }

    /// What is still free: never nothing.
    fn free(&mut self) -> Result<&mut [u8], Error> {
        if self.used > self.limit {
            return Err(Error::TooLarge);
        }
        if self.used == self.bytes.len() {
            let more = self.bytes.len().max(64 << 10);
            let length = (self.bytes.len() + more).min(self.limit + 1);
            self.bytes.reserve_exact(length - self.bytes.len());
            self.bytes.resize(length, 0);
        }
        self.bytes.get_mut(self.used..).ok_or(Error::TooLarge)
    }

    fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.bytes.truncate(self.used);
        if self.used > self.limit {
            return Err(Error::TooLarge);
        }
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests;
