// SPDX-License-Identifier: MIT OR Apache-2.0

//! One file: read and unpacked.
//!
//! `fs/kernel_read_file.c`, `fw_decompress_zstd`, `fw_decompress_xz`.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use umh_core::errno::Errno;
use umh_core::firmware::Packing;

use super::Image;
use crate::error::{errno, io_errno};

/// `INT_MAX`
const LARGEST: u64 = 0x7fff_ffff;

/// For the dictionary of an xz stream, in KiB.
const XZ_MEMORY: u32 = 64 << 10;

/// Reads a file, whole.
pub(super) fn file(path: &Path, packing: Packing) -> Result<Image, Errno> {
    let (file, _length) = open(path)?;
    let bytes = all_of(file)?;
    match packing {
        Packing::Plain => Ok(bytes.into()),
        Packing::Zst => {
            // The fifth byte says whether the frame says how long its content
            // is.
            let descriptor = bytes.get(4).ok_or(Errno::EINVAL)?;
            let (size_flag, single_segment) = (descriptor >> 6, descriptor & 0x20 != 0);
            if size_flag == 0 && !single_segment {
                return Err(Errno::EINVAL);
            }
            unpacked(zst(&bytes)?)
        }
        Packing::Xz => unpacked(xz(&bytes)),
    }
}

/// Reads a file, whole, to where there is room for it.
pub(super) fn into(path: &Path, packing: Packing, to: &mut [u8]) -> Result<usize, Errno> {
    let (file, length) = open(path)?;
    match packing {
        Packing::Plain if usize::try_from(length).is_ok_and(|length| length <= to.len()) => {
            fill(file, to).map_err(|error| io_errno(&error))
        }
        Packing::Plain => Err(Errno::EFBIG),
        Packing::Zst => unpacked_into(zst(&all_of(file)?)?, to),
        Packing::Xz => unpacked_into(xz(&all_of(file)?), to),
    }
}

/// Reads what there is room for of a plain file, from `offset` on.
pub(super) fn part(path: &Path, offset: u64, to: &mut [u8]) -> Result<usize, Errno> {
    let (mut file, _length) = open(path)?;
    let read = file.seek(SeekFrom::Start(offset));
    read.and_then(|_| fill(file, to))
        .map_err(|error| io_errno(&error))
}

/// A file that has something in it, and its length.
fn open(path: &Path) -> Result<(File, u64), Errno> {
    // Not blocking: a FIFO by that name must not hold the driver up.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(errno)?);
    let about = file.metadata().map_err(|error| io_errno(&error))?;
    if !about.is_file() || about.len() == 0 {
        return Err(Errno::EINVAL);
    }
    Ok((file, about.len()))
}

fn zst(packed: &[u8]) -> Result<impl Read, Errno> {
    ruzstd::decoding::StreamingDecoder::new(packed).map_err(|_| Errno::EINVAL)
}

fn xz(packed: &[u8]) -> impl Read {
    lzma_rust2::XzReader::new_mem_limit(packed, false, XZ_MEMORY)
}

fn unpacked(reader: impl Read) -> Result<Image, Errno> {
    let bytes = all_of(reader).map_err(|_| Errno::EINVAL)?;
    // A file of no bytes is no file.
    if bytes.is_empty() {
        return Err(Errno::ENOENT);
    }
    Ok(bytes.into())
}

fn unpacked_into(mut reader: impl Read, to: &mut [u8]) -> Result<usize, Errno> {
    let filled = fill(&mut reader, to).map_err(|_| Errno::EINVAL)?;
    // Nothing may be left, and its checksum must be looked at.
    match reader.read(&mut [0]) {
        Ok(0) => Ok(filled),
        _ => Err(Errno::EINVAL),
    }
}

/// Reads until there is no more, or no more room.
pub(super) fn fill(mut reader: impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = to.get_mut(filled..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn all_of(reader: impl Read) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    let read = reader.take(LARGEST + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read <= LARGEST) => Ok(bytes),
        Ok(_) => Err(Errno::EFBIG),
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Err(Errno::ENOMEM),
        Err(error) => Err(io_errno(&error)),
    }
}
