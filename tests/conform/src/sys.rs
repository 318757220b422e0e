// SPDX-License-Identifier: MIT OR Apache-2.0

//! What no library offers in safe words.

pub(crate) mod child;
pub(crate) mod seccomp;
