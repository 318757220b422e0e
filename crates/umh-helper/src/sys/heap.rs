// SPDX-License-Identifier: MIT OR Apache-2.0

//! Memory for the answers that need some: what a module leads to is not known
//! beforehand.
//!
//! Nothing is there before [`Heap::open`], so that a call that is denied, or
//! that a program answers, pays nothing and depends on nothing. Then it is
//! one stretch of addresses that only grows: what was allocated last can be
//! given back or made longer in place, everything else lasts until the
//! process ends, which is soon.
//!
//! The program has no variables (link.ld), so that where the stretch begins
//! is fixed and its first words say how much of it is used. The program
//! itself lies at a fixed place too; all that the kernel chooses (stack, vDSO,
//! mappings) is far above.

use core::alloc::{GlobalAlloc, Layout};
use core::cmp;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// Where the program's heap begins: above anything that lies beside the
/// program (its break, within 1 GiB), below anything that the kernel places.
const BASE: usize = 0x10_0000_0000;

/// The most that is ever used: the largest module that is unpacked, packed
/// and unpacked, and room beside it.
const LIMIT: usize = 1 << 30;

/// By how much the mapped part grows at least. Only pages that are touched
/// cost memory.
const STEP: usize = 256 << 10;

/// Where the first words are, and what they take.
const HEADER: usize = size_of::<Header>();

/// An allocator for one thread, over memory of its own.
///
/// # Invariants
///
/// Nobody else uses the addresses from `base` to `base + LIMIT`, and no two
/// threads use the heap.
#[derive(Debug)]
pub struct Heap {
    base: usize,
    limit: usize,
}

/// The first words of the heap.
#[derive(Clone, Copy, Debug)]
struct Header {
    /// The first address that is not used.
    free: usize,
    /// The first address that is not mapped.
    end: usize,
}

impl Heap {
    /// The heap of the program, in which it is the only thread's.
    pub const PROGRAM: Self = Self {
        base: BASE,
        limit: LIMIT,
    };

    /// Makes the heap ready. Before that, using it ends the process.
    pub fn open(&self) -> Result<()> {
        map(self.base, STEP)?;
        self.set_header(Header {
            free: self.base + HEADER,
            end: self.base + STEP,
        });
        Ok(())
    }

    fn header(&self) -> Header {
        let header = core::ptr::with_exposed_provenance::<Header>(self.base);
        // SAFETY: `open` mapped and wrote it; no other thread writes it.
        unsafe { header.read() }
    }

    fn set_header(&self, header: Header) {
        let place = core::ptr::with_exposed_provenance_mut::<Header>(self.base);
        // SAFETY: `open` mapped it, readable and writable and aligned to a
        // page; no other thread uses it.
        unsafe { place.write(header) }
    }

    /// Takes the bytes from `start` on, which is not below what is used, and
    /// maps what is lacking.
    fn take(&self, start: usize, size: usize) -> Option<()> {
        let header = self.header();
        let free = start.checked_add(size)?;
        let mut end = header.end;
        if free > end {
            let most = self.base + self.limit;
            // Twice as much each time, to map few times.
            let wish = cmp::max(free - end, cmp::max(STEP, end - self.base));
            let length = cmp::min(wish.next_multiple_of(STEP), most.checked_sub(end)?);
            if free > end + length || map(end, length).is_err() {
                self.tell_exhausted(size);
                return None;
            }
            end += length;
        }
        self.set_header(Header { free, end });
        Some(())
    }

    /// The last resort to say why the process is about to end.
    fn tell_exhausted(&self, size: usize) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let text: &[u8] = if size > self.limit / 2 {
            b"<4>umh: modprobe: a module is larger than may be unpacked\n"
        } else {
            b"<4>umh: modprobe: no memory is left; look for a large file in modprobe.d\n"
        };
        if let Ok(log) = rustix::fs::openat(CWD, c"/dev/kmsg", flags, Mode::empty()) {
            let _ = rustix::io::write(log, text);
        }
    }
}

// SAFETY: what is allocated is mapped, aligned, and given to nobody else
// until it is freed (`take` only moves forward, `dealloc` back only over what
// is given up); it does not unwind.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.header().free.next_multiple_of(layout.align());
        match self.take(start, layout.size()) {
            Some(()) => core::ptr::with_exposed_provenance_mut(start),
            None => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let header = self.header();
        let start = place.addr();
        if start + layout.size() == header.free {
            self.set_header(Header {
                free: start,
                ..header
            });
        }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = place.addr();
        if start + layout.size() == self.header().free {
            return match self.take(start, size) {
                Some(()) => place,
                None => core::ptr::null_mut(),
            };
        }
        if size <= layout.size() {
            return place;
        }
        let Ok(larger) = Layout::from_size_align(size, layout.align()) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the caller asks for more than none.
        let moved = unsafe { self.alloc(larger) };
        if !moved.is_null() {
            // SAFETY: both are the caller's, the old one of the old size, and
            // what was just allocated overlaps nothing.
            unsafe { place.copy_to_nonoverlapping(moved, layout.size()) };
        }
        moved
    }
}

/// Maps `length` zeroed bytes at `start`, where nothing may be.
fn map(start: usize, length: usize) -> Result<()> {
    let wished = core::ptr::without_provenance_mut(start);
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
    // SAFETY: nothing is replaced. Kernels before 4.17 may choose another
    // place, which is then left alone.
    let mapped = unsafe { mmap_anonymous(wished, length, protection, flags) }?;
    if mapped.expose_provenance() == start {
        Ok(())
    } else {
        Err(Errno::EXIST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heap of a test's own.
    fn heap(number: usize) -> Heap {
        let heap = Heap {
            base: BASE + (number + 1) * LIMIT,
            limit: 4 * STEP,
        };
        heap.open().unwrap();
        heap
    }

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    fn allocate(heap: &Heap, size: usize) -> *mut u8 {
        // SAFETY: every test asks for more than none.
        unsafe { heap.alloc(layout(size)) }
    }

    fn enlarge(heap: &Heap, place: *mut u8, size: usize, larger: usize) -> *mut u8 {
        // SAFETY: the place was allocated with that size.
        unsafe { heap.realloc(place, layout(size), larger) }
    }

    #[test]
    fn what_is_allocated_last_grows_and_is_freed_in_place() {
        let heap = heap(0);
        let first = allocate(&heap, 10);
        let second = allocate(&heap, 10);
        assert!(second.addr() >= first.addr() + 10 && second.addr().is_multiple_of(8));
        // SAFETY: the first of the bytes just allocated.
        unsafe { second.write(7) };
        assert_eq!(enlarge(&heap, second, 10, 3 * STEP), second);
        // SAFETY: the same byte.
        assert_eq!(unsafe { second.read() }, 7);
        // SAFETY: the last byte, which was mapped just now.
        unsafe { second.wrapping_add(3 * STEP - 1).write(1) };
        // SAFETY: the place has that size now.
        unsafe { heap.dealloc(second, layout(3 * STEP)) };
        assert_eq!(allocate(&heap, 20), second);
        assert!(enlarge(&heap, first, 10, 1000).addr() > second.addr());
    }

    #[test]
    fn there_is_an_end() {
        let heap = heap(1);
        assert!(allocate(&heap, 5 * STEP).is_null());
        assert!(!allocate(&heap, 3 * STEP).is_null());
        assert!(allocate(&heap, STEP).is_null());
    }

    #[test]
    fn what_is_there_is_not_replaced() {
        let heap = heap(2);
        assert_eq!(heap.open(), Err(Errno::EXIST));
    }
}
