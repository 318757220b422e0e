// SPDX-License-Identifier: MIT OR Apache-2.0

//! Real kernels: what runs inside guests, and what the host must know of it.
//!
//! `cargo xtask vm` reads the [`plan`] (which suite boots on which kernel, how
//! it ends), packs the [`contents`] of the initramfs, boots it and reads the
//! [`protocol`] on the guest's second serial port. In the guest, PID 1 is the
//! bin `guest`, which runs one suite of the cases; the bin `probe` stands in
//! for the programs that the kernel's calls reach, and records how it was
//! started.

#![forbid(unsafe_code)]

#[cfg(feature = "guest")]
pub mod bench;
#[cfg(feature = "guest")]
pub mod cases;
pub mod contents;
#[cfg(feature = "guest")]
pub mod guest;
pub mod measured;
pub mod plan;
#[cfg(feature = "guest")]
pub mod probe;
pub mod protocol;
