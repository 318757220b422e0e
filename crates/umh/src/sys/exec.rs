// SPDX-License-Identifier: MIT OR Apache-2.0

//! Becoming another program.

use std::ffi::{CStr, CString};

use rustix::io::Errno;

use super::raw::{number, syscall};

/// A list of words as execve(2) takes it.
///
/// # Invariants
///
/// `pointers` are those of `words`, in order, and a null; the words never
/// change, so that their texts stay where they are.
#[derive(Debug)]
pub(crate) struct Words {
    #[expect(dead_code, reason = "the pointers are into it")]
    words: Vec<CString>,
    pointers: Vec<usize>,
}

impl Words {
    pub(crate) fn new(words: Vec<CString>) -> Self {
        let texts = words.iter().map(|word| word.as_ptr().expose_provenance());
        let pointers = texts.chain([0]).collect();
        Self { words, pointers }
    }
}

/// Becomes the program at `path`; returns only what went wrong.
pub(crate) fn execve(path: &CStr, argv: &Words, envp: &Words) -> Errno {
    let arguments = [
        path.as_ptr().expose_provenance(),
        argv.pointers.as_ptr().expose_provenance(),
        envp.pointers.as_ptr().expose_provenance(),
        0,
        0,
    ];
    // SAFETY: the path is a C string; both lists are pointers to C strings
    // that end with null (the invariant of `Words`).
    match unsafe { syscall(number::EXECVE, arguments) } {
        Err(errno) => errno,
        // Cannot be: a successful execve(2) does not return.
        Ok(_) => Errno::NOSYS,
    }
}
