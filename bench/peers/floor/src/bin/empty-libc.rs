// SPDX-License-Identifier: MIT OR Apache-2.0

//! Exits with 1 as soon as libc has started.

#![no_main]

/// What libc's start files call.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    1
}
