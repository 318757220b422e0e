// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a call does in the new process, just before the program: typed steps,
//! each safe in a process that shares its maker's memory.

use std::ffi::CString;

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::Result;
use rustix::process::{Resource, Rlimit};
use rustix::thread::UnshareFlags;

use crate::error::Stage;
use crate::sys;

/// A key for the helper's session keyring.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key's type: `user`, `logon`.
    pub kind: CString,
    /// Its description, by which it is found.
    pub description: CString,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// One step. They run in the order in which they were asked for.
#[derive(Debug)]
pub(crate) enum Step {
    Keyring,
    Key(Key),
    Limit {
        resource: Resource,
        soft: Option<u64>,
        hard: Option<u64>,
    },
    Unshare(UnshareFlags),
    Enter(OwnedFd),
    Root(CString),
    Directory(CString),
    NoNewPrivs,
}

impl Step {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Keyring => Stage::Keyring,
            Self::Key(_) => Stage::Key,
            Self::Limit { .. } => Stage::Limit,
            Self::Unshare(_) => Stage::Unshare,
            Self::Enter(_) => Stage::Enter,
            Self::Root(_) => Stage::Root,
            Self::Directory(_) => Stage::Directory,
            Self::NoNewPrivs => Stage::NoNewPrivs,
        }
    }

    /// Takes the step, in the child.
    pub(crate) fn take(&self) -> Result<()> {
        match self {
            Self::Keyring => sys::join_new_session(),
            Self::Key(key) => sys::add_key(&key.kind, &key.description, &key.payload),
            Self::Limit {
                resource,
                soft,
                hard,
            } => rustix::process::setrlimit(
                *resource,
                Rlimit {
                    current: *soft,
                    maximum: *hard,
                },
            ),
            Self::Unshare(flags) => sys::unshare(*flags),
            Self::Enter(namespace) => {
                rustix::thread::move_into_link_name_space(namespace.as_fd(), None)
            }
            Self::Root(path) => {
                rustix::process::chroot(path.as_c_str())?;
                // A working directory outside would be a way out.
                rustix::process::chdir(c"/")
            }
            Self::Directory(path) => rustix::process::chdir(path.as_c_str()),
            Self::NoNewPrivs => rustix::thread::set_no_new_privs(true),
        }
    }
}
