// SPDX-License-Identifier: MIT OR Apache-2.0

//! Programs of the host: started with an argument list, never through a shell.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// A program and its arguments, with errors that say what was run.
pub(crate) struct Run(Command);

impl Run {
    /// `program`, found along `PATH`, with messages in plain English.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C").stdin(Stdio::null());
        Self(command)
    }

    /// This very cargo.
    pub(crate) fn cargo() -> Self {
        let mut run = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // A build in the user's language is none of our business.
        run.0.env_remove("LC_ALL").current_dir(crate::root());
        run
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.0.current_dir(dir);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    /// Its output goes where ours goes.
    pub(crate) fn shown(mut self) -> Result<ExitStatus> {
        let status = self.0.status();
        status.with_context(|| format!("cannot run {}", self.name()))
    }

    /// What it writes, when it succeeds.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self
            .0
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output();
        let output = output.with_context(|| format!("cannot run {}", self.name()))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("{}: {}\n{}", self.line(), output.status, words.trim_end());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Its output goes to `log`, whose last lines are in the error.
    pub(crate) fn logged(mut self, log: &Path) -> Result<()> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        self.0.stderr(file.try_clone()?).stdout(file);
        let status = self.0.status();
        let status = status.with_context(|| format!("cannot run {}", self.name()))?;
        if !status.success() {
            let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
            bail!("{}: {status}\n{}", self.line(), tail(&text, 20));
        }
        Ok(())
    }

    /// The command as started, for those who read what it writes themselves.
    pub(crate) fn into_command(self) -> Command {
        self.0
    }

    fn name(&self) -> String {
        self.0.get_program().to_string_lossy().into_owned()
    }

    fn line(&self) -> String {
        let words = self.0.get_args().map(OsStr::to_string_lossy);
        words.fold(self.name(), |line, word| line + " " + &word)
    }
}

/// The last `count` lines.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_command_and_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let run = Run::new("ls").arg("/nowhere/at/all");
        let error = run.logged(&log).unwrap_err().to_string();
        assert!(
            error.starts_with("ls /nowhere/at/all: exit status"),
            "{error}"
        );
        assert!(error.contains("No such file"), "{error}");
    }

    #[test]
    fn a_tail_is_at_most_what_there_is() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
    }
}
