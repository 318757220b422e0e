// SPDX-License-Identifier: MIT OR Apache-2.0

//! The engine of Linux's usermode helper: what `kernel/umh.c` and its busiest
//! callers mean, each thing once.
//!
//! A *call* is set up, passes the *gate*, is queued to a *worker*, which starts
//! a process that becomes the *helper*; who still waits gets the result, and
//! the call is freed exactly once. [`exec`] is that flow, top to bottom. It is
//! generic over a [`host::Host`], which lends the primitives: Linux itself, or
//! the processes and threads of the crate `umh`.
//!
//! | module | what | in Linux |
//! | --- | --- | --- |
//! | [`call`] | what is run; the older interface | `struct subprocess_info` |
//! | [`exec`] | the flow; what comes of a call | `call_usermodehelper_exec` and below |
//! | [`wait`] | what is waited for, and the result | `UMH_*`, wait status |
//! | [`handoff`] | who frees the call | `xchg(&info->complete, NULL)` |
//! | [`gate`] | suspend and shutdown | `usermodehelper_disabled` |
//! | [`caps`] | the bounds of capabilities | `usermodehelper_bset` |
//! | [`host`] | what a host lends | the primitives |
//! | [`request_module`] | a module is wanted | `kernel/module/kmod.c`, `dups.c` |
//! | [`uevent`] | something happened to a device | `lib/kobject_uevent.c` |
//! | [`firmware`] | a driver wants a file | `drivers/base/firmware_loader` |
//! | [`request_key`] | a key is to be made | `security/keys/request_key.c` |
//! | [`coredump`] | a process crashed | `fs/coredump.c` |
//!
//! No allocator, thread or clock, no dependency but the words of
//! [`umh_abi`], no unsafe code, and nothing that the kernel's build refuses, so
//! that Linux can compile these same files.

#![cfg_attr(not(kernel), no_std)]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod call;
pub mod caps;
pub mod coredump;
pub mod errno;
pub mod exec;
pub mod firmware;
pub mod gate;
pub mod handoff;
pub mod host;
pub mod request_key;
pub mod request_module;
pub mod uevent;
pub mod wait;

mod sync;
