// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a file is not in force.

use core::fmt;

use crate::toml::{Entry, Section};

/// What is wrong with a text, where, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The line, counted from 1; 0 if the fault is not in the text.
    pub line: u32,
    /// The key, path or name that is at fault; may be empty.
    pub subject: &'a str,
    /// What is wrong and what to do about it.
    pub text: &'static str,
}

/// A file that is ignored whole. Printed, it names the file, the line, the
/// fault and the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// The file or directory.
    pub file: &'a [u8],
    /// What is wrong with it.
    pub fault: Fault<'a>,
}

impl<'a> Fault<'a> {
    /// A fault of the file itself, not of its text.
    pub(super) const fn of_file(text: &'static str) -> Self {
        Self {
            line: 0,
            subject: "",
            text,
        }
    }

    /// A fault of one key.
    pub(super) const fn at(entry: &Entry<'a>, text: &'static str) -> Self {
        Self {
            line: entry.line,
            subject: entry.key,
            text,
        }
    }

    /// A fault of the key of that name, or of the table that lacks it.
    pub(super) fn key(section: &Section<'a>, key: &'static str, text: &'static str) -> Self {
        let line = section
            .entries()
            .find(|entry| entry.key == key)
            .map(|entry| entry.line);
        Self {
            line: line.unwrap_or(section.line),
            subject: key,
            text,
        }
    }
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            line,
            subject,
            text,
        } = self.fault;
        write!(f, "{} ignored: ", self.file.escape_ascii())?;
        if line != 0 {
            write!(f, "line {line}: ")?;
        }
        if !subject.is_empty() {
            write!(f, "{}: ", subject.as_bytes().escape_ascii())?;
        }
        f.write_str(text)
    }
}
