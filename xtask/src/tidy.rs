// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask tidy`: what no compiler looks at and reviewers forget.

use std::fs;

use anyhow::{Context, Result};

use crate::run::Run;
use crate::say;

mod calls;
mod kernel;
mod source;

/// Prints each complaint; whether there is none.
pub(crate) fn run() -> Result<bool> {
    let mut complaints = Vec::new();
    let files = files()?;
    for path in &files {
        // Bytes that are no text are for others to judge.
        if let Ok(text) = fs::read_to_string(crate::root().join(path)) {
            source::check(path, &text, &mut complaints);
        }
    }
    calls::check(&mut complaints);
    kernel::check(&files, &mut complaints);
    for complaint in &complaints {
        say::line(format_args!("{complaint}"));
    }
    Ok(complaints.is_empty())
}

/// What git knows, and what it would add; not what was deleted.
fn files() -> Result<Vec<String>> {
    let git = Run::new("git")
        .dir(crate::root())
        .args(["ls-files", "--cached", "--others"]);
    let list = git
        .arg("--exclude-standard")
        .read()
        .context("tidy reads git's list of files")?;
    let exists = |path: &&str| crate::root().join(path).exists();
    Ok(list.lines().filter(exists).map(str::to_owned).collect())
}
