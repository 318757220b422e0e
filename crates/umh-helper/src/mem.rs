// SPDX-License-Identifier: MIT OR Apache-2.0

//! The functions that the compiler and core call without being asked, which a
//! libc would bring (string.h).
//!
//! A loop in Rust could be recognised as the very function that it implements
//! and call itself. So those that write use the string instructions, by words
//! (an eighth of the steps where each is counted or emulated), and those that
//! compare read volatile, which is never made into something else. (The
//! attribute `no_builtins` says the same of a whole crate, not of one file.)

use core::arch::asm;

/// Bytes that an instruction of the `q` kind takes.
const WORD: usize = 8;

/// Copies `count` bytes that do not overlap.
///
/// # Safety
///
/// As memcpy(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller lends `count` bytes at both ends, the words and what
    // is left of the last; the direction flag is clear, as the ABI has it at
    // every call.
    unsafe {
        asm!(
            "rep movsq",
            "mov ecx, {rest:e}",
            "rep movsb",
            rest = in(reg) count % WORD,
            inout("rdi") to => _, inout("rsi") from => _, inout("rcx") count / WORD => _,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// Copies `count` bytes that may overlap.
///
/// # Safety
///
/// As memmove(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= count {
        // The destination begins outside the source: forwards is right.
        // SAFETY: as for this function.
        return unsafe { memcpy(to, from, count) };
    }
    // SAFETY: the caller lends `count` bytes at both ends, and `count` is not
    // zero here, so the last bytes exist; the direction flag is put back.
    unsafe {
        asm!(
            "std",
            "rep movsb",
            "cld",
            inout("rdi") to.wrapping_add(count).wrapping_sub(1) => _,
            inout("rsi") from.wrapping_add(count).wrapping_sub(1) => _,
            inout("rcx") count => _,
            options(nostack),
        );
    }
    to
}

/// Fills `count` bytes.
///
/// # Safety
///
/// As memset(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, value: i32, count: usize) -> *mut u8 {
    let [byte, ..] = value.to_le_bytes();
    // SAFETY: the caller lends `count` bytes, the words and what is left of
    // the last; the direction flag is clear.
    unsafe {
        asm!(
            "rep stosq",
            "mov ecx, {rest:e}",
            "rep stosb",
            rest = in(reg) count % WORD,
            inout("rdi") to => _, inout("rcx") count / WORD => _,
            in("rax") u64::from_ne_bytes([byte; WORD]),
            options(nostack, preserves_flags),
        );
    }
    to
}

/// Compares `count` bytes.
///
/// # Safety
///
/// As memcmp(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    let mut index = 0;
    while index < count {
        // SAFETY: the caller lends `count` bytes and `index` is below it.
        let one = unsafe { left.wrapping_add(index).read_volatile() };
        // SAFETY: as above.
        let other = unsafe { right.wrapping_add(index).read_volatile() };
        if one != other {
            return i32::from(one) - i32::from(other);
        }
        index += 1;
    }
    0
}

/// Tells whether `count` bytes differ.
///
/// # Safety
///
/// As bcmp(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    // SAFETY: as for this function.
    unsafe { memcmp(left, right, count) }
}

/// The length of a C string, which `CStr::from_ptr` calls.
///
/// # Safety
///
/// As strlen(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the caller lends bytes up to and with the NUL.
    while unsafe { text.wrapping_add(length).read_volatile() } != 0 {
        length += 1;
    }
    length
}
