// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory that several processes share: a mapped file as atomic words.

use core::sync::atomic::AtomicU64;

use rustix::fd::BorrowedFd;
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, ProtFlags};

/// Where the kernel's program has room beside its own image (`link.ld`): in
/// the 2 MiB of one page table, so that no other is made, cleared and freed.
const NEAR: usize = 0x2c_0000;

/// Maps the first `length` bytes of `file`, read and write, for the rest of
/// the process's life. `INVAL` unless `length` is a multiple of 8.
///
/// Words and not bytes, because a plain access to memory that another process
/// writes at the same time is undefined behaviour; an atomic one is not.
///
/// Touching a page that the file no longer has (truncated after the check) or
/// never got (a hole on a full disk) ends the process with SIGBUS, mmap(2).
/// So the caller maps only files whose owner it trusts and whose pages exist.
pub fn map_shared(file: BorrowedFd<'_>, length: usize) -> Result<&'static [AtomicU64]> {
    let words = length / size_of::<AtomicU64>();
    if words == 0 || !length.is_multiple_of(size_of::<AtomicU64>()) {
        return Err(Errno::INVAL);
    }
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
    let near = core::ptr::without_provenance_mut(NEAR);
    // SAFETY: a fresh mapping at an address that the kernel chooses; what it
    // is asked for is taken only if it is free.
    let start = unsafe { rustix::mm::mmap(near, length, protection, flags, file, 0) }?;
    // SAFETY: the mapping is `length` readable and writable bytes, aligned to
    // a page, and never unmapped; any bits make a valid `AtomicU64`, and this
    // process reaches them through this slice alone, thus only atomically.
    Ok(unsafe { core::slice::from_raw_parts(start.cast(), words) })
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering::Relaxed;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn a_word_written_through_one_mapping_is_read_through_another_and_the_file() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(64).unwrap();
        let (ours, theirs) = (map_shared(file.as_fd(), 64), map_shared(file.as_fd(), 64));
        ours.unwrap()[7].store(u64::from_le_bytes(*b"8 bytes."), Relaxed);
        assert_eq!(
            theirs.unwrap()[7].load(Relaxed),
            u64::from_le_bytes(*b"8 bytes.")
        );
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, 56).unwrap();
        assert_eq!(&bytes, b"8 bytes.");
    }

    #[test]
    fn a_length_that_is_no_number_of_words_is_refused() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(map_shared(file.as_fd(), 0).unwrap_err(), Errno::INVAL);
        assert_eq!(map_shared(file.as_fd(), 63).unwrap_err(), Errno::INVAL);
    }
}
