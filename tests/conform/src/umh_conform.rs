// SPDX-License-Identifier: MIT OR Apache-2.0

//! Holds *any* modprobe, depmod, insmod, rmmod, lsmod, modinfo or kmod against
//! a directory of cases, and ours against Debian's on all of a kernel's tree.
//!
//! A [`case`] describes a [`world`]: modules, configuration, what is loaded.
//! The [`subject`] is copied into a root directory made of it and started
//! there by [`supervise`], which answers the few system calls that reach a
//! kernel in the kernel's place and keeps a list of them. [`judge`] compares
//! what came of it with the case. Nothing is preloaded, so static programs
//! are held as well as dynamic ones, and nothing reaches this machine's
//! kernel: no module, no mount, no file outside the root directory.

#![deny(unsafe_code)]

pub mod bless;
pub mod case;
pub mod cases;
pub mod compressed;
pub mod difference;
pub mod differential;
pub mod fuzz;
pub mod judge;
mod kernel;
mod libraries;
pub mod module;
pub mod subject;
pub mod supervise;
#[expect(unsafe_code, reason = "system calls that no library has in safe words")]
mod sys;
pub mod world;
