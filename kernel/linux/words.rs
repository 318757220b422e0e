// SPDX-License-Identifier: GPL-2.0-only

//! The words of a call, in its own memory: what `umh_abi` emits, as the arrays
//! of pointers that execve(2) takes.

use super::subprocess_info::SubprocessInfo;
use core::ffi::CStr;
use core::mem::{align_of, size_of, MaybeUninit};
use core::ptr::null_mut;
use kernel::bindings;
use kernel::ffi::c_char;
use umh_abi::Sink;

/// At most so many arguments, and variables.
const COUNT: usize = 5;

/// Words, those that change in at most `BYTES` bytes.
///
/// # Invariants
///
/// The bytes are written as far as `used`, which is not behind their end.
struct Words<const BYTES: usize> {
    argv: [*mut c_char; COUNT + 1],
    envp: [*mut c_char; COUNT + 1],
    counts: [u8; 2],
    overflowed: bool,
    used: usize,
    bytes: MaybeUninit<[u8; BYTES]>,
}

/// A call of the words that `emit` writes: the first argument is the program,
/// unless `configured` is. `None` if there is no memory, or too little here.
#[inline]
pub(crate) fn call<const BYTES: usize>(
    configured: Option<*const c_char>,
    emit: impl FnOnce(&mut dyn Sink),
) -> Option<SubprocessInfo> {
    let room = size_of::<Words<BYTES>>();
    let mut call = SubprocessInfo::with_room(room, bindings::GFP_KERNEL)?;
    let words: *mut Words<BYTES> = call.room().cast();
    // SAFETY: There is room for it, aligned as pointers are; see below.
    unsafe { words.write(Words::EMPTY) };
    // SAFETY: Just written, and nobody else looks at it meanwhile.
    let words = unsafe { &mut *words };
    emit(words);
    if words.overflowed {
        return None;
    }
    let path = words.argv[0].cast_const();
    let path = umh_core::call::program(Some(path), configured).unwrap_or(path);
    let (argv, envp) = (words.argv.as_mut_ptr(), words.envp.as_mut_ptr());
    // SAFETY: They end as they must, and stay as long as their memory.
    unsafe { call.set_words(path, argv, envp) };
    Some(call)
}

impl<const BYTES: usize> Words<BYTES> {
    const EMPTY: Self = Self {
        argv: [null_mut(); COUNT + 1],
        envp: [null_mut(); COUNT + 1],
        counts: [0; 2],
        overflowed: false,
        used: 0,
        bytes: MaybeUninit::uninit(),
    };

    #[inline]
    fn copy(&mut self, which: usize, pieces: &[&[u8]]) {
        let bytes = self.bytes.as_mut_ptr().cast::<u8>();
        let word = bytes.wrapping_add(self.used);
        for piece in pieces {
            // One byte more than the piece: a NUL follows the last.
            if piece.len() >= BYTES.saturating_sub(self.used) {
                self.overflowed = true;
                return;
            }
            let room = bytes.wrapping_add(self.used);
            // SAFETY: By the type's invariants there is room, for so many.
            unsafe { room.copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
            self.used += piece.len();
        }
        match BYTES.checked_sub(self.used) {
            // SAFETY: There is room for one.
            Some(1..) => unsafe { bytes.wrapping_add(self.used).write(0) },
            _ => return self.overflowed = true,
        }
        self.used += 1;
        self.add(which, word.cast());
    }

    #[inline]
    fn add(&mut self, which: usize, word: *mut c_char) {
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
        *count += 1;
    }
}

impl<const BYTES: usize> Sink for Words<BYTES> {
    #[inline]
    fn arg(&mut self, pieces: &[&[u8]]) {
        self.copy(ARGV, pieces);
    }

    #[inline]
    fn env(&mut self, pieces: &[&[u8]]) {
        self.copy(ENVP, pieces);
    }

    #[inline]
    fn constant_arg(&mut self, word: &'static CStr) {
        self.add(ARGV, word.as_ptr().cast_mut().cast());
    }

    #[inline]
    fn constant_env(&mut self, word: &'static CStr) {
        self.add(ENVP, word.as_ptr().cast_mut().cast());
    }
}

const _: () = assert!(align_of::<Words<1>>() <= align_of::<bindings::umh_call>());

const ARGV: usize = 0;
const ENVP: usize = 1;
