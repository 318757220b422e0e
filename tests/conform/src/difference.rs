// SPDX-License-Identifier: MIT OR Apache-2.0

//! The runs that a program is allowed to fail, each with its reason.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The file of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    #[serde(default)]
    difference: Vec<Difference>,
}

/// Runs that a program fails, by a fault of its own or for a reason of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// `file: name of the run`
    run: Vec<String>,
    /// The programs: `kmod-30`, `umh`.
    by: Vec<String>,
    /// Where it is reported, if it is.
    #[serde(default)]
    issue: String,
    /// What differs, and why that is right.
    why: String,
}

impl Differences {
    /// Those of the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = || path.display().to_string();
        let text = fs::read_to_string(path).with_context(failed)?;
        let all: Self = toml::from_str(&text).with_context(failed)?;
        for difference in &all.difference {
            ensure!(!difference.why.is_empty(), "{}: no reason", path.display());
        }
        Ok(all)
    }

    /// Why `subject` may fail the run of that full name.
    pub fn allowed(&self, subject: &str, run: &str) -> Option<String> {
        let named = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let mut all = self.difference.iter();
        let found = all.find(|one| named(&one.run, run) && named(&one.by, subject))?;
        Some(match found.issue.as_str() {
            "" => found.why.clone(),
            issue => format!("{issue}: {}", found.why),
        })
    }

    /// The runs in it that none of `known` is.
    pub fn unknown<'a>(&'a self, known: &[String]) -> Vec<&'a str> {
        let runs = self.difference.iter().flat_map(|one| &one.run);
        let unknown = runs.filter(|run| !known.contains(run));
        unknown.map(String::as_str).collect()
    }
}
