// SPDX-License-Identifier: MIT OR Apache-2.0

//! The people's program, as people start it.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::trigger::USER;
use std::os::unix::process::CommandExt as _;

/// What `umh install` places.
pub const INSTALLED: &str = "/usr/bin/umh";

/// An unpacked release, with usermode-helper beside it.
pub const RELEASE: &str = "/opt/umh/umh";

/// What a run said.
#[derive(Debug)]
pub struct Said {
    /// The exit status; none after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub text: String,
    /// Standard error.
    pub errors: String,
}

/// `umh WORDS` as it was installed.
pub fn umh(words: &[&str]) -> Result<Said> {
    run(Command::new(INSTALLED).args(words))
}

/// The same as the user without privilege.
pub fn umh_as_user(words: &[&str]) -> Result<Said> {
    run(Command::new(INSTALLED).args(words).uid(USER).gid(USER))
}

/// `umh install WORDS` out of the release.
pub fn install(words: &[&str]) -> Result<Said> {
    run(Command::new(RELEASE).arg("install").args(words))
}

/// A tool of kmod's, or a command, as the release has it.
pub fn tool(words: &[&str]) -> Result<Said> {
    run(Command::new(RELEASE).args(words))
}

/// The same with this standard input.
pub fn tool_reading(words: &[&str], input: impl Into<Stdio>) -> Result<Said> {
    run(Command::new(RELEASE).args(words).stdin(input))
}

/// The tool as kmod has it.
pub fn kmod(words: &[&str]) -> Result<Said> {
    let (name, words) = words.split_first().context("no tool is named")?;
    run(Command::new("/usr/bin/kmod").arg0(name).args(words))
}

fn run(command: &mut Command) -> Result<Said> {
    let output = command.env_clear().output();
    let output = output.with_context(|| format!("{command:?}"))?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("umh's words are no text");
    Ok(Said {
        status: output.status.code(),
        text: text(output.stdout)?,
        errors: text(output.stderr)?,
    })
}

impl Said {
    /// That it ended so.
    pub fn ended(self, status: i32) -> Result<Self> {
        ensure!(self.status == Some(status), "not {status}: {self:?}");
        Ok(self)
    }

    /// Its one JSON value.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{self:?}"))
    }

    /// Its JSON values, one a line.
    pub fn records(&self) -> Result<Vec<Value>> {
        let values = self.text.lines().map(serde_json::from_str);
        let values: Result<_, _> = values.collect();
        values.with_context(|| format!("{self:?}"))
    }
}
