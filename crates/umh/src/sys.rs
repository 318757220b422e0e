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
#[cfg(feature = "tokio")]
mod watch;

pub(crate) use descriptors::{close_at_exec, duplicate, leave_open, null, place};
pub(crate) use exec::{Words, execve};
pub(crate) use keys::{add as add_key, join_new_session};
pub(crate) use scheduler::{be_normal as schedule_normally, no_io_priority};
pub(crate) use signals::default_all as default_all_signals;
pub(crate) use vfork::vfork;
#[cfg(feature = "tokio")]
pub(crate) use watch::watch;

use rustix::io::{Errno, Result};
use rustix::thread::UnshareFlags;

/// Leaves the namespaces that `flags` name for new ones. Other flags, which
/// the type has room for, are refused.
pub(crate) fn unshare(flags: UnshareFlags) -> Result<()> {
    const NAMESPACES: UnshareFlags = UnshareFlags::NEWCGROUP
        .union(UnshareFlags::NEWIPC)
        .union(UnshareFlags::NEWNET)
        .union(UnshareFlags::NEWNS)
        .union(UnshareFlags::NEWPID)
        .union(UnshareFlags::NEWTIME)
        .union(UnshareFlags::NEWUSER)
        .union(UnshareFlags::NEWUTS);
    if !NAMESPACES.contains(flags) {
        return Err(Errno::INVAL);
    }
    // SAFETY: what is unsafe is to leave a table of descriptors that others
    // count on; just above, flags of namespaces alone were let through.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}
