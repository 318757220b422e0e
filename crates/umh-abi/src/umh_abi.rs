// SPDX-License-Identifier: MIT OR Apache-2.0

//! The contract between Linux and its user-mode helpers.
//!
//! When the kernel needs something from user space it starts a program with
//! `call_usermodehelper()` (`kernel/umh.c`). Nothing names the caller: a
//! helper sees an argument list, an environment, a few file descriptors and
//! the marks that a kernel thread leaves on its children. This crate holds
//! what each in-tree caller of Linux 6.12 and 7.2 puts there, one module a
//! call, as a typed [`Message`] with `parse` and `emit`:
//!
//! ```
//! use umh_abi::{Block, Caller, Message, modprobe::Modprobe, Wait};
//!
//! let asked = Message::Modprobe(Modprobe {
//!     program: b"/sbin/modprobe",
//!     name: b"net-pf-9",
//!     wait: Wait::Proc,
//! });
//! let mut block = Block::<256>::new();
//! let invocation = asked.write_to(&mut block).expect("256 bytes hold it");
//! assert_eq!(Message::parse(&invocation), Ok(asked));
//! assert_eq!(asked.caller(), Caller::Modprobe);
//! ```
//!
//! Everything is bytes: the kernel passes what strangers chose. A call is
//! known by its *fingerprint* and the shape of its arguments, never by the
//! program it names, because the program is the part that an attacker writes.

#![cfg_attr(not(kernel), no_std)]
#![forbid(unsafe_code)]

mod contract;
mod emit;
mod environment;
mod fingerprint;
mod message;
mod words;

pub mod baycom_epp;
pub mod bridge_stp;
pub mod coredump;
pub mod drbd;
pub mod greybus;
pub mod linuxrc;
pub mod mce;
pub mod modprobe;
pub mod nfs_cache_getent;
pub mod nfsd_recall_failed;
pub mod nfsdcltrack;
pub mod ocfs2;
pub mod pnpbios;
pub mod poweroff;
pub mod reboot;
pub mod release_agent;
pub mod request_key;
pub mod tomoyo;
pub mod uevent;
pub mod uvesafb;
pub mod windfarm;

pub use contract::Contract;
pub use contract::Kernels;
pub use contract::Program;
pub use contract::Wait;
pub use emit::Block;
pub use emit::Sink;
pub use emit::decimal;
pub use emit::unsigned;
pub use fingerprint::Descriptor;
pub use fingerprint::Fingerprint;
pub use fingerprint::Parent;
pub use message::Caller;
pub use message::Message;
pub use message::Unrecognised;
pub use words::Invocation;
pub use words::Words;
