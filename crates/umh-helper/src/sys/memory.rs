// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory without an allocator: pages that cost nothing until touched.

use rustix::io::Result;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

/// Maps `length` zeroed bytes for the rest of the process's life.
pub fn map_anonymous(length: usize) -> Result<&'static mut [u8]> {
    if length == 0 {
        return Ok(&mut []);
    }
    let start = map(length)?;
    // SAFETY: the mapping is `length` readable and writable bytes, nobody else
    // knows of it, and it is never unmapped.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, length) })
}

/// Maps a stack of `length` bytes, a multiple of the page size, whose lowest
/// page faults; gives its top.
pub(super) fn map_stack(length: usize) -> Result<usize> {
    const PAGE: usize = 4096;
    let start = map(length)?;
    // SAFETY: the page is part of the mapping just made.
    unsafe { rustix::mm::mprotect(start.cast(), PAGE, MprotectFlags::empty()) }?;
    Ok(start.wrapping_add(length).expose_provenance())
}

fn map(length: usize) -> Result<*mut u8> {
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: a fresh mapping at an address that the kernel chooses.
    unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), length, protection, flags) }
        .map(<*mut _>::cast)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_bytes_are_zero_and_writable() {
        let room = map_anonymous(100_000).unwrap();
        assert!(room.len() == 100_000 && room.iter().all(|byte| *byte == 0));
        room.fill(7);
        assert!(map_anonymous(0).unwrap().is_empty());
    }
}
