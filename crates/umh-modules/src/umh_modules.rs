// SPDX-License-Identifier: MIT OR Apache-2.0

//! Kernel modules as kmod has them: what both programs need, the kernel-facing
//! one as well as the people's.
//!
//! A name's way: [`lookup`] finds the modules that it leads to, in the
//! [`tree`] that depmod wrote and the [`config`] of modprobe.d(5); [`plan`]
//! says what is to be done for one of them and in which order; [`load`] does
//! one step of it, and [`cause`] says why it could not.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bytes;
pub mod cause;
pub mod command;
pub mod compressed;
pub mod config;
pub mod elf;
pub mod glob;
pub mod index;
pub mod load;
pub mod lookup;
pub mod name;
pub mod plan;
pub mod state;
pub mod system;
pub mod tree;
