// SPDX-License-Identifier: MIT OR Apache-2.0

//! `usermode-helper`: the program that answers the Linux kernel's calls.
//!
//! The kernel starts it in place of the program that a caller named
//! (`CONFIG_STATIC_USERMODEHELPER`), or by a path that a setting names. One
//! call's way through it is [`pipeline`], which reads top to bottom. The
//! binary has no libc, no heap and needs nothing to exist; as a library the
//! same code serves `umh`, the people's program.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod answer;
pub mod audit;
pub mod delegate;
pub mod introduction;
pub mod invocation;
pub mod modprobe;
pub mod modules;
pub mod outcome;
pub mod pipeline;
pub mod policy;
pub mod power;
pub mod release_agent;
pub mod request_key;
pub mod sandbox;
pub mod sys;
pub mod toml;
pub mod trust;
pub mod verdict;
