// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory that is there: each page written to, none of them huge.

use std::io;
use std::ptr::null_mut;

const PAGE: usize = 4096;

/// A mapping, all of it resident.
pub(crate) struct Resident {
    at: *mut libc::c_void,
    length: usize,
}

impl Resident {
    /// Ordinary pages whatever the machine's setting for huge ones, so that
    /// figures of two machines mean the same.
    pub(crate) fn new(length: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let at = unsafe { libc::mmap(null_mut(), length, protection, flags, -1, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let resident = Self { at, length };
        // SAFETY: the mapping just made, whole.
        if unsafe { libc::madvise(at, length, libc::MADV_NOHUGEPAGE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        for offset in (0..length).step_by(PAGE) {
            // SAFETY: a byte inside the mapping, which nobody else uses.
            unsafe { at.cast::<u8>().add(offset).write_volatile(1) };
        }
        Ok(resident)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // SAFETY: our own mapping, whole.
        unsafe { libc::munmap(self.at, self.length) };
    }
}
