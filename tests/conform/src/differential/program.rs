// SPDX-License-Identifier: MIT OR Apache-2.0

//! A program of this machine, or of another release with its own libraries.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};

/// It, and how it is started.
pub struct Program {
    path: PathBuf,
    /// Its loader and the folders of its libraries, where they are not this
    /// machine's.
    loader: Option<(PathBuf, std::ffi::OsString)>,
}

impl Program {
    /// The program at `path`, whose libraries are in `folders`: none, this
    /// machine's.
    pub fn new(path: &Path, folders: &[PathBuf]) -> Result<Self> {
        let loader = match folders {
            [] => None,
            _ => {
                let mut places = folders
                    .iter()
                    .map(|folder| folder.join("ld-linux-x86-64.so.2"));
                let loader = places.find(|path| path.exists());
                let loader = loader.context("no folder of libraries has a loader")?;
                Some((loader, std::env::join_paths(folders)?))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            loader,
        })
    }

    /// It under the name of `tool`.
    pub(crate) fn command(&self, tool: &str) -> Command {
        let mut command = match &self.loader {
            None => {
                let mut command = Command::new(&self.path);
                command.arg0(tool);
                command
            }
            Some((loader, libraries)) => {
                let mut command = Command::new(loader);
                command.arg("--library-path").arg(libraries);
                command.arg("--argv0").arg(tool).arg(&self.path);
                command
            }
        };
        command.env_clear().stdin(Stdio::null());
        command
    }

    /// What `tool` says to these words.
    pub(crate) fn ask(&self, tool: &str, words: &[&[u8]]) -> Result<Output> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let mut command = self.command(tool);
        command.args(words.iter().map(|word| OsStr::from_bytes(word)));
        let output = command.output();
        output.with_context(|| format!("cannot run {}", self.path.display()))
    }
}
