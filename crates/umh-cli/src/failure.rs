// SPDX-License-Identifier: MIT OR Apache-2.0

//! How a command ends: exit codes, and errors that name the remedy.

use std::fmt;
use std::io;

use serde::Serialize;

/// The exit code of `umh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing to report.
    Done = 0,
    /// Done, and there is something to act on: the call would be refused, a
    /// check found something, an installation was refused.
    Finding = 1,
    /// Wrong use, or a file that cannot be understood.
    Wrong = 2,
    /// Something needed could not be read or written.
    Unable = 3,
}

/// Why a command could not do its work.
#[derive(Debug, Serialize)]
pub struct Failure {
    #[serde(skip)]
    exit: Exit,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Failure {
    /// Wrong use, or a file that cannot be understood.
    pub fn wrong(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            exit: Exit::Wrong,
            error: error.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// Something needed is not there.
    pub fn unable(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            exit: Exit::Unable,
            error: error.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// The system refused to `act` ("read", "create") on `path`.
    pub fn io(act: &str, path: impl fmt::Display, error: &io::Error) -> Self {
        let remedy = remedy(error.kind()).map(str::to_owned);
        Self {
            exit: Exit::Unable,
            error: format!("cannot {act} {path}: {error}"),
            remedy,
        }
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

/// Output that could not be written. A reader that went away (`umh log |
/// head`) is no failure: [`Exit::Done`], and nothing to tell.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let gone = error.kind() == io::ErrorKind::BrokenPipe;
        let exit = if gone { Exit::Done } else { Exit::Unable };
        Self {
            exit,
            error: format!("cannot write the output: {error}"),
            remedy: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n     {remedy}"),
            None => Ok(()),
        }
    }
}

/// What usually helps against an error of the system.
pub fn remedy(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::PermissionDenied => Some("run it as root (sudo umh ...)"),
        io::ErrorKind::ReadOnlyFilesystem => Some(
            "the file system is read-only: remount it writable, or prepare the image with --root DIR",
        ),
        io::ErrorKind::StorageFull => Some("the file system is full: make room and run it again"),
        _ => None,
    }
}
