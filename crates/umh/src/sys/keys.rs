// SPDX-License-Identifier: MIT OR Apache-2.0

//! keyctl(2) and add_key(2).

use std::ffi::CStr;

use rustix::io::Result;

use super::raw::{number, syscall};

/// Gives the calling process a new session keyring.
pub(crate) fn join_new_session() -> Result<()> {
    /// linux/keyctl.h
    const KEYCTL_JOIN_SESSION_KEYRING: usize = 1;
    // No name: with one, a keyring that anybody made may be joined instead.
    let arguments = [KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0];
    // SAFETY: takes no pointer, as the name is null.
    unsafe { syscall(number::KEYCTL, arguments) }.map(drop)
}

/// Adds a key to the session keyring.
pub(crate) fn add(kind: &CStr, description: &CStr, payload: &[u8]) -> Result<()> {
    /// `KEY_SPEC_SESSION_KEYRING` of linux/keyctl.h
    const SESSION: isize = -3;
    let arguments = [
        kind.as_ptr().expose_provenance(),
        description.as_ptr().expose_provenance(),
        payload.as_ptr().expose_provenance(),
        payload.len(),
        SESSION.cast_unsigned(),
    ];
    // SAFETY: two C strings, and bytes of the length that is given.
    unsafe { syscall(number::ADD_KEY, arguments) }.map(drop)
}
