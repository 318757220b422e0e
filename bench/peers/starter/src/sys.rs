// SPDX-License-Identifier: MIT OR Apache-2.0

//! The only unsafe code: C's ways to start a program, and memory to be large.

mod resident;
mod spawn;

pub(crate) use resident::Resident;
pub(crate) use spawn::{fork, posix_spawn};
