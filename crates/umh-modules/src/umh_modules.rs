// SPDX-License-Identifier: MIT OR Apache-2.0

//! Kernel modules as kmod has them: what both programs need, the kernel-facing
//! one as well as the people's.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod elf;
pub mod glob;
pub mod index;
pub mod name;
