// SPDX-License-Identifier: MIT OR Apache-2.0

//! What went wrong, at which step, with which program.

use std::ffi::{CString, OsStr};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use umh_core::errno::Errno;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The step that failed.
    pub stage: Stage,
    /// The program that was to run.
    pub path: CString,
    /// Why.
    pub errno: Errno,
}

/// Makes [`Stage`] and its words from one list.
macro_rules! stages {
    ($($(#[$doc:meta])* $stage:ident = $word:literal,)+) => {
        /// The steps of a call that can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum Stage {
            $($(#[$doc])* $stage,)+
        }

        impl Stage {
            const ALL: &'static [Self] = &[$(Self::$stage),+];

            /// What was tried, to follow "cannot".
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$stage => $word,)+
                }
            }
        }
    };
}

stages! {
    /// The words of the call: a NUL inside, or no argument at all.
    Words = "take its words",
    /// The gate: helpers are frozen or disabled.
    Gate = "pass the gate",
    /// The queue of workers: it is full, or no thread can be made.
    Queue = "queue it",
    /// A pipe between us and the program.
    Pipe = "make a pipe",
    /// The new process.
    Process = "make a process",
    /// A session of its own.
    Session = "start a session",
    /// The new session keyring.
    Keyring = "join a new session keyring",
    /// A key in it.
    Key = "add a key",
    /// A resource limit.
    Limit = "set a resource limit",
    /// A new namespace.
    Unshare = "make a new namespace",
    /// An existing namespace.
    Enter = "enter a namespace",
    /// The root directory.
    Root = "change the root directory",
    /// The working directory.
    Directory = "change the working directory",
    /// No new privileges.
    NoNewPrivs = "give up new privileges",
    /// The file descriptors.
    Descriptors = "arrange its descriptors",
    /// The capability sets.
    Capabilities = "narrow its capabilities",
    /// The program itself.
    Exec = "run it",
    /// The wait for it: cancelled, or too long. The program goes on.
    Wait = "wait for it",
    /// A setting or file that the call needs.
    Setting = "read its setting",
}

impl Error {
    pub(crate) fn new(stage: Stage, path: CString, errno: Errno) -> Self {
        Self { stage, path, errno }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = OsStr::from_bytes(self.path.to_bytes()).display();
        let stage = self.stage.as_str();
        write!(f, "{path}: cannot {stage}: ")?;
        match self.errno {
            // They have numbers and no text outside the kernel.
            Errno::ERESTARTSYS => f.write_str("cancelled"),
            Errno::ERESTARTNOHAND => f.write_str("killed"),
            errno => io::Error::from_raw_os_error(errno.number()).fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = Self::from_raw_os_error(error.errno.number()).kind();
        Self::new(kind, error)
    }
}

/// The last step that a call has come to. It is told apart only after a
/// failure; a child may write it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    stage: AtomicU32,
    /// Whether the caller has left its wait. Its worker goes on meanwhile.
    interrupted: AtomicBool,
}

impl Progress {
    pub(crate) fn at(&self, stage: Stage) {
        // Whoever reads it has been woken by the end of the call.
        self.stage.store(stage as u32, Ordering::Relaxed);
    }

    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// The step that `errno` came from.
    pub(crate) fn stage(&self, errno: Errno) -> Stage {
        let of_wait = matches!(errno, Errno::ERESTARTSYS | Errno::ETIMEDOUT);
        if of_wait && self.interrupted.load(Ordering::Relaxed) {
            return Stage::Wait;
        }
        let index = usize::try_from(self.stage.load(Ordering::Relaxed));
        let stage = index.ok().and_then(|index| Stage::ALL.get(index));
        stage.copied().unwrap_or(Stage::Words)
    }
}

/// An error of rustix as one of the core.
pub(crate) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::new(error.raw_os_error()).unwrap_or(Errno::EIO)
}

/// An error of std as one of the core.
pub(crate) fn io_errno(error: &io::Error) -> Errno {
    error
        .raw_os_error()
        .and_then(Errno::new)
        .unwrap_or(Errno::EIO)
}
