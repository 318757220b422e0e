// SPDX-License-Identifier: MIT OR Apache-2.0

//! The only unsafe code: a process that shares our memory, and system calls
//! that rustix lacks.

mod descriptors;
mod exec;
mod keys;
mod raw;
mod scheduler;
mod signals;
mod vfork;

pub(crate) use descriptors::{close_at_exec, null, out_of_the_way, place};
pub(crate) use exec::{Words, execve};
pub(crate) use keys::{add as add_key, join_new_session};
pub(crate) use scheduler::be_normal as schedule_normally;
pub(crate) use signals::default_all as default_all_signals;
pub(crate) use vfork::vfork;

use rustix::io::Result;
use rustix::thread::UnshareFlags;

/// Leaves the namespaces that `flags` name for new ones.
pub(crate) fn unshare(flags: UnshareFlags) -> Result<()> {
    // SAFETY: only flags of namespaces are passed, and the caller is a child
    // whose descriptors are its own.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}
