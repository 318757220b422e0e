// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files read in place.

use rustix::fd::BorrowedFd;
use rustix::fs::fstat;
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, ProtFlags};

/// Maps all of `file`, read only, for the rest of the process's life.
///
/// Only for files that are replaced by rename(2) and never written in place,
/// as depmod does with its indexes: a page that a truncated file no longer
/// has ends the process with SIGBUS, mmap(2).
pub fn map_file(file: BorrowedFd<'_>) -> Result<&'static [u8]> {
    let length = usize::try_from(fstat(file)?.st_size).map_err(|_| Errno::FBIG)?;
    if length == 0 {
        return Ok(&[]);
    }
    let (protection, flags) = (ProtFlags::READ, MapFlags::PRIVATE);
    // SAFETY: a fresh mapping at an address that the kernel chooses.
    let start =
        unsafe { rustix::mm::mmap(core::ptr::null_mut(), length, protection, flags, file, 0) }?;
    // SAFETY: the mapping is `length` readable bytes and never unmapped.
    // Nobody writes them: the mapping is private and read only, and the file
    // is not written in place (see above).
    Ok(unsafe { core::slice::from_raw_parts(start.cast(), length) })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_mapped_file_is_its_bytes() {
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(map_file(file.as_fd()).unwrap(), b"");
        file.write_all(b"index").unwrap();
        assert_eq!(map_file(file.as_fd()).unwrap(), b"index");
    }

    #[test]
    fn a_directory_cannot_be_mapped() {
        let directory = std::fs::File::open("/").unwrap();
        assert!(map_file(directory.as_fd()).is_err());
    }
}
