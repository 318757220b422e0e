// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory without an allocator: pages that cost nothing until touched.

use rustix::io::Result;
use rustix::mm::{MapFlags, ProtFlags};

/// Maps `length` zeroed bytes for the rest of the process's life.
pub fn map_anonymous(length: usize) -> Result<&'static mut [u8]> {
    /// After what [`super::map_shared`] asks for, and for the same reason: the
    /// words of a program first, and above them what the texts of files fill
    /// from its beginning.
    const WORDS: usize = 0x3c_0000;
    const WORDS_MOST: usize = 0x2_0000;

    if length == 0 {
        return Ok(&mut []);
    }
    let near = match length {
        ..=WORDS_MOST => WORDS,
        _ => WORDS + WORDS_MOST,
    };
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    let near = core::ptr::without_provenance_mut(near);
    // SAFETY: a fresh mapping at an address that the kernel chooses; what it
    // is asked for is taken only if it is free.
    let start = unsafe { rustix::mm::mmap_anonymous(near, length, protection, flags) }?;
    // SAFETY: the mapping is `length` readable and writable bytes, nobody else
    // knows of it, and it is never unmapped.
    Ok(unsafe { core::slice::from_raw_parts_mut(start.cast(), length) })
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
