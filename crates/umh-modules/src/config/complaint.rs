// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is wrong with the configuration.

use core::fmt;

use rustix::io::Errno;

use crate::bytes::Text;

/// Something that was left out, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// A line that is no command.
    BadLine {
        /// The file.
        file: &'a [u8],
        /// The line's number.
        line: u32,
        /// The line's first word.
        word: &'a [u8],
    },
    /// A command that modprobe no longer knows.
    Deprecated {
        /// The file.
        file: &'a [u8],
        /// `include` or `config`.
        command: &'a [u8],
    },
    /// A directory inside a directory.
    Directory {
        /// Its path.
        path: &'a [u8],
    },
    /// A word of the kernel's command line whose module has no name.
    BadOption {
        /// The module's part.
        module: &'a [u8],
    },
    /// A file or directory that cannot be read.
    Unreadable {
        /// Its path.
        path: &'a [u8],
        /// Why.
        errno: Errno,
    },
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BadLine { file, line, word } => write!(
                f,
                "{} line {line}: ignoring bad line starting with '{}'",
                Text(file),
                Text(word)
            ),
            Self::Deprecated { file, command } => write!(
                f,
                "{}: command {} is deprecated and not parsed anymore",
                Text(file),
                Text(command)
            ),
            Self::Directory { path } => write!(
                f,
                "Directories inside directories are not supported: {}",
                Text(path)
            ),
            Self::BadOption { module } => write!(
                f,
                "Ignoring bad option on kernel command line while parsing module name: '{}'",
                Text(module)
            ),
            Self::Unreadable { path, errno } => {
                write!(f, "{}: errno {}", Text(path), errno.raw_os_error())
            }
        }
    }
}
