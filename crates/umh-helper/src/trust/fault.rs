// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a program is not run.

use rustix::io::Errno;

use crate::verdict::Reason;

/// What is wrong with a program, or with something on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It lies on a mount that is not allowed: /tmp, /proc, a memory file.
    Mount,
    /// It belongs to someone else.
    Owner,
    /// Its group or everybody may write it.
    Writable,
    /// It is set-group-ID to a group that is not root's.
    SetGroup,
    /// It has no execute bit.
    NotExecutable,
    /// It is a directory, a device, a socket ...
    NotRegular,
    /// The path leads through too many links.
    Links,
    /// It is this very program.
    OwnFile,
    /// It became another file during the walk.
    Changed,
    /// It is a script, and the rule does not allow one.
    Script,
    /// Its interpreter is named in no plain form, or is a script itself.
    Interpreter,
    /// The kernel refused a step.
    Errno(Errno),
}

impl Fault {
    /// The word for the record.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Script => Reason::Script,
            Self::NotExecutable | Self::Errno(Errno::NOENT | Errno::NOTDIR) => Reason::Missing,
            Self::Mount
            | Self::Owner
            | Self::Writable
            | Self::SetGroup
            | Self::NotRegular
            | Self::Links
            | Self::OwnFile
            | Self::Changed
            | Self::Interpreter
            | Self::Errno(_) => Reason::Trust,
        }
    }

    /// What a person reads, before the path at fault.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Mount => "not on an allowed mount",
            Self::Owner => "not owned by root",
            Self::Writable => "writable by others",
            Self::SetGroup => "set-group-ID to another group than root",
            Self::NotExecutable => "not executable",
            Self::NotRegular => "no regular file",
            Self::Links => "too many links",
            Self::OwnFile => "the helper itself",
            Self::Changed => "changed while looked at",
            Self::Script => "a script, without script = true",
            Self::Interpreter => "a script with an interpreter that is none",
            Self::Errno(Errno::NOENT | Errno::NOTDIR) => "does not exist",
            Self::Errno(_) => "cannot be reached",
        }
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        // O_NOFOLLOW on what was a file a moment ago.
        if errno == Errno::LOOP {
            Self::Changed
        } else {
            Self::Errno(errno)
        }
    }
}
