// SPDX-License-Identifier: MIT OR Apache-2.0

//! Hands what the kernel left on the stack to the pipeline, nothing else.

#![cfg_attr(freestanding, no_std, no_main)]

#[cfg(freestanding)]
mod mem;
#[cfg(freestanding)]
mod start;

#[cfg(freestanding)]
#[global_allocator]
static HEAP: umh_helper::sys::Heap = umh_helper::sys::Heap::PROGRAM;

/// The hosted stand-in (see build.rs): says what it is not.
#[cfg(not(freestanding))]
#[expect(clippy::print_stderr, reason = "this build is started by people only")]
fn main() -> std::process::ExitCode {
    eprintln!(
        "usermode-helper: a stand-in; build with `cargo build -p umh-helper --profile helper`"
    );
    std::process::ExitCode::from(126)
}
