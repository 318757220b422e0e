// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ways to start a program and to wait for its end.

use std::ffi::CString;
use std::io;
use std::process::Command;

use umh::{Umh, Wait};

use crate::sys;

/// What is started, as each way wants it.
pub(crate) struct Start {
    program: String,
    path: CString,
    umh: Umh,
}

impl Start {
    pub(crate) fn new(program: &str) -> Result<Self, std::ffi::NulError> {
        Ok(Self {
            program: program.to_owned(),
            path: CString::new(program)?,
            umh: Umh::new(),
        })
    }
}

pub(crate) type Way = fn(&Start) -> io::Result<()>;

/// Each by its name; the last is slow.
pub(crate) const WAYS: [(&str, Way); 4] = [
    ("umh", umh),
    ("posix_spawn", |start| sys::posix_spawn(&start.path)),
    ("std", std),
    ("fork", |start| sys::fork(&start.path)),
];

fn umh(start: &Start) -> io::Result<()> {
    umh::Command::new(&start.program).exec(&start.umh, Wait::PROC)?;
    Ok(())
}

fn std(start: &Start) -> io::Result<()> {
    Command::new(&start.program).env_clear().status()?;
    Ok(())
}
