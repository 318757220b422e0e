// SPDX-License-Identifier: MIT OR Apache-2.0

//! Exits with 1 as soon as libc and Rust's own runtime have started.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::FAILURE
}
