// SPDX-License-Identifier: MIT OR Apache-2.0

//! One file: read whole and unpacked.
//!
//! `fs/kernel_read_file.c`, `fw_decompress_zstd`, `fw_decompress_xz`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
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

/// Reads the file at an absolute path below `root`.
pub(super) fn file(root: &Path, path: &[u8], packing: Packing) -> Result<Image, Errno> {
    let relative = path.strip_prefix(b"/").unwrap_or(path);
    let path = root.join(OsStr::from_bytes(relative));
    // Not blocking: a FIFO by that name must not hold the driver up.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(errno)?;
    let file = File::from(file);
    let about = file.metadata().map_err(|error| io_errno(&error))?;
    if !about.is_file() || about.len() == 0 {
        return Err(Errno::EINVAL);
    }
    let bytes = all_of(file)?;
    match packing {
        Packing::Plain => Ok(bytes.into()),
        Packing::Zst => zst(&bytes),
        Packing::Xz => xz(&bytes),
    }
}

fn zst(packed: &[u8]) -> Result<Image, Errno> {
    // The fifth byte says whether the frame says how long its content is.
    let descriptor = packed.get(4).ok_or(Errno::EINVAL)?;
    let (size_flag, single_segment) = (descriptor >> 6, descriptor & 0x20 != 0);
    if size_flag == 0 && !single_segment {
        return Err(Errno::EINVAL);
    }
    let frame = ruzstd::decoding::StreamingDecoder::new(packed).map_err(|_| Errno::EINVAL)?;
    unpacked(frame)
}

fn xz(packed: &[u8]) -> Result<Image, Errno> {
    unpacked(lzma_rust2::XzReader::new_mem_limit(
        packed, false, XZ_MEMORY,
    ))
}

fn unpacked(reader: impl Read) -> Result<Image, Errno> {
    let bytes = all_of(reader).map_err(|_| Errno::EINVAL)?;
    // A file of no bytes is no file.
    if bytes.is_empty() {
        return Err(Errno::ENOENT);
    }
    Ok(bytes.into())
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
