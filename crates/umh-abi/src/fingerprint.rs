// SPDX-License-Identifier: MIT OR Apache-2.0

//! The marks that a kernel caller leaves on its helper.
//!
//! `kernel/umh.c` starts every helper from a kernel thread: no session, no
//! process group, all ids 0, no file descriptor that an `init` callback did
//! not install. None of this is a secret and none of it is a boundary: a user
//! who starts the helper gains nothing, because the file carries no
//! privilege. It tells *kernel callers apart*. Capabilities and namespaces,
//! which the helper has from the kernel too, are not looked at: a bounding
//! set (`kernel.usermodehelper.bset`) may be any, and they tell no caller
//! from another.

/// Who the parent is. `UMH_WAIT_PROC` helpers are children of the kworker
/// that waits for them, all others of kthreadd (`call_usermodehelper_exec_work`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// PID 2: nobody waits for the helper's end.
    Kthreadd,
    /// A kernel thread other than PID 2: the caller waits for our status.
    Kworker,
    /// A process that is not PID 2, and `/proc` cannot tell what it is.
    Unknown,
    /// A user process: a person, a test, a service manager.
    Process,
}

/// The state of one file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// Not open.
    Closed,
    /// A pipe or FIFO.
    Pipe,
    /// Anything else.
    Other,
}

/// The marks of the caller on the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The parent process.
    pub parent: Parent,
    /// Session and process group are both 0, which only children of kernel
    /// threads have (or a process seen from a child pid namespace).
    pub sessionless: bool,
    /// All user and group ids are 0, without supplementary groups.
    pub root: bool,
    /// File descriptor 0.
    pub stdin: Descriptor,
    /// File descriptor 3, where `%F` of core_pattern puts a pidfd.
    pub pidfd: Descriptor,
    /// Whether any other descriptor is open.
    pub other_fds: bool,
    /// `RLIMIT_CORE` is 1 byte, soft and hard: the guard of piped core dumps
    /// against their own handler crashing (`fs/coredump.c:umh_coredump_setup`).
    /// False unless descriptor 0 is a pipe: nobody else is asked.
    pub core_limit_one: bool,
}

impl Fingerprint {
    /// A helper for whose end nobody waits: `UMH_NO_WAIT`, `UMH_WAIT_EXEC`.
    pub const EXEC: Self = Self::started_by(Parent::Kthreadd);
    /// A helper whose exit status the caller gets: `UMH_WAIT_PROC`.
    pub const PROC: Self = Self::started_by(Parent::Kworker);

    const fn started_by(parent: Parent) -> Self {
        Self {
            parent,
            sessionless: true,
            root: true,
            stdin: Descriptor::Closed,
            pidfd: Descriptor::Closed,
            other_fds: false,
            core_limit_one: false,
        }
    }

    /// Whether the process looks started by a kernel thread.
    pub const fn is_kernel(&self) -> bool {
        self.sessionless && self.root && !matches!(self.parent, Parent::Process)
    }

    /// Whether no descriptor is open, as for every caller without `init`.
    pub const fn has_no_fds(&self) -> bool {
        matches!(self.stdin, Descriptor::Closed)
            && matches!(self.pidfd, Descriptor::Closed)
            && !self.other_fds
    }

    /// Whether a caller waits for the exit status, as far as can be seen:
    /// any parent but kthreadd may.
    pub const fn waited_for(&self) -> bool {
        !matches!(self.parent, Parent::Kthreadd)
    }
}
