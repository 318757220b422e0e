// SPDX-License-Identifier: GPL-2.0-only

//! The words of a call, in one allocation: what `umh_abi` emits, as the arrays
//! of pointers that execve(2) takes.

use super::subprocess_info::{Setup, SubprocessInfo};
use core::convert::Infallible;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use kernel::alloc::KBox;
use kernel::alloc::flags::GFP_KERNEL;
use kernel::bindings;
use kernel::ffi::{c_char, c_void};
use kernel::init;
use kernel::init::{InPlaceInit, uninit};
use umh_abi::Sink;

/// At most so many arguments, and variables.
const COUNT: usize = 5;

/// Words in at most `BYTES` bytes.
///
/// # Invariants
///
/// The bytes are written as far as `used`, which is not behind their end.
pub(crate) struct Words<const BYTES: usize> {
    argv: [*mut c_char; COUNT + 1],
    envp: [*mut c_char; COUNT + 1],
    counts: [u8; 2],
    overflowed: bool,
    used: usize,
    bytes: MaybeUninit<[u8; BYTES]>,
}

impl<const BYTES: usize> Words<BYTES> {
    /// Has `emit` write them. `None` if there is no memory, or too little here.
    #[inline]
    pub(crate) fn new(emit: impl FnOnce(&mut dyn Sink)) -> Option<KBox<Self>> {
        // Made where it stays: the pointers lead into the same memory.
        let empty = init!(Self {
            argv: [null_mut(); COUNT + 1],
            envp: [null_mut(); COUNT + 1],
            counts: [0; 2],
            overflowed: false,
            used: 0,
            bytes <- uninit::<_, Infallible>(),
        });
        let mut words = KBox::init(empty, GFP_KERNEL).ok()?;
        emit(&mut *words);
        (!words.overflowed).then_some(words)
    }

    /// A call of these words: the first argument is the program, unless
    /// `configured` is.
    pub(crate) fn setup(
        words: KBox<Self>,
        configured: Option<*const c_char>,
    ) -> Option<SubprocessInfo> {
        let raw = KBox::into_raw(words);
        // SAFETY: Just taken out of its box.
        let words = unsafe { &mut *raw };
        let path = words.argv[0].cast_const();
        let setup = Setup {
            path: umh_core::call::program(Some(path), configured).unwrap_or(path),
            argv: words.argv.as_mut_ptr(),
            envp: words.envp.as_mut_ptr(),
            init: None,
            cleanup: Some(cleanup::<BYTES>),
            data: raw.cast::<c_void>(),
        };
        // SAFETY: The words end as they must, and `cleanup` frees them.
        let call = unsafe { SubprocessInfo::new(setup, bindings::GFP_KERNEL) };
        if call.is_none() {
            // SAFETY: Nobody has it but us.
            drop(unsafe { KBox::from_raw(raw) });
        }
        call
    }

    #[inline]
    fn push(&mut self, which: usize, pieces: &[&[u8]]) {
        let bytes = self.bytes.as_mut_ptr().cast::<u8>();
        let word = bytes.wrapping_add(self.used).cast();
        for piece in pieces.iter().chain(&[&b"\0"[..]]) {
            if piece.len() > BYTES.saturating_sub(self.used) {
                return self.overflowed = true;
            }
            let room = bytes.wrapping_add(self.used);
            // SAFETY: By the type's invariants there is room, for so many.
            unsafe { room.copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
            self.used = self.used.saturating_add(piece.len());
        }
        let array = if which == ARGV {
            &mut self.argv
        } else {
            &mut self.envp
        };
        let count = &mut self.counts[which];
        // The last pointer stays NULL.
        match array[..COUNT].get_mut(usize::from(*count)) {
            Some(place) => *place = word,
            None => return self.overflowed = true,
        }
        *count = count.saturating_add(1);
    }
}

impl<const BYTES: usize> Sink for Words<BYTES> {
    #[inline]
    fn arg(&mut self, pieces: &[&[u8]]) {
        self.push(ARGV, pieces);
    }

    #[inline]
    fn env(&mut self, pieces: &[&[u8]]) {
        self.push(ENVP, pieces);
    }
}

/// # Safety
///
/// `info` is a call of [`Words::setup`], at its end.
unsafe extern "C" fn cleanup<const BYTES: usize>(info: *mut bindings::subprocess_info) {
    // SAFETY: `setup` took it out of its box.
    drop(unsafe { KBox::<Words<BYTES>>::from_raw((*info).data.cast()) });
}

const ARGV: usize = 0;
const ENVP: usize = 1;
