// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stands in for the programs that the kernel's calls reach: records how it
//! was started, then does what the case asks of a program of its name.
//!
//! No `fn main()`: the runtime of std would open `/dev/null` on descriptors
//! that the kernel left closed, before they are recorded, and abort where it
//! cannot.

#![no_main]

use std::ffi::{c_char, c_int};

/// The C entry point; std finds its arguments by itself.
// No other object of this program has a symbol `main`.
#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    umh_vm::probe::run()
}
