// SPDX-License-Identifier: MIT OR Apache-2.0

//! The file of a case: a world, and what programs do in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::module::Module;

/// One world and the runs in it, each of which begins with a fresh copy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// The file's path below the directory of cases, without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// What it shows.
    pub about: String,
    /// What uname(2) says.
    #[serde(default = "release")]
    pub release: String,
    /// Who makes the indexes.
    #[serde(default)]
    pub indexes: Indexes,
    /// By the path of their files in the module directory.
    #[serde(default)]
    pub modules: BTreeMap<String, Module>,
    /// By path; one that is not absolute is of the module directory.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Likewise; what each link says.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// What is there once the indexes are made.
    #[serde(default)]
    pub later: BTreeMap<String, String>,
    /// What the kernel holds, in the order in which it was loaded.
    #[serde(default)]
    pub loaded: Vec<Loaded>,
    /// What was run, and what came of it.
    pub run: Vec<Run>,
}

/// Who makes the indexes of a world.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Indexes {
    /// A depmod that is held to be right.
    #[default]
    Reference,
    /// The program that is held against the case.
    Subject,
    /// Nobody: they are not there.
    None,
}

/// A module that is in the kernel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// In bytes.
    #[serde(default = "size")]
    pub size: u32,
    /// Uses that are nobody's in particular: open files, mounts.
    #[serde(default)]
    pub used: u32,
    /// The modules that use it.
    #[serde(default)]
    pub by: Vec<String>,
    /// `live`, `coming`, `going`; of `builtin` there is a directory only.
    #[serde(default = "live")]
    pub state: String,
}

/// A command, and what is to come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Run {
    /// What it shows, as a sentence.
    pub name: String,
    /// The command; `modprobe` is found in `/sbin`.
    pub argv: Vec<String>,
    /// Its environment, besides `PATH`.
    pub env: BTreeMap<String, String>,
    /// The file that it reads as its standard input.
    pub input: String,
    /// Files of this run alone.
    pub files: BTreeMap<String, String>,
    /// Files that this run lacks.
    pub without: Vec<String>,
    /// What the kernel answers to calls, by the last word of the call:
    /// `finit_module b` = `EBUSY`.
    pub fails: BTreeMap<String, String>,
    /// What it writes: all of it. `[..]` stands for anything at all.
    pub out: String,
    /// Lines that it writes to standard error, in this order, in which `[..]`
    /// stands for any words. Where none is wanted there must be none; `[..]`
    /// by itself stands for anything at all.
    pub err: String,
    /// Its status.
    pub exit: i32,
    /// What it asked of the kernel; `[..]` by itself stands for anything.
    pub calls: Vec<String>,
    /// Files afterwards, and what is in them.
    pub after: BTreeMap<String, After>,
}

/// A file afterwards.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum After {
    /// With this content.
    Content(String),
    /// Whether it is there.
    There(bool),
}

impl Case {
    /// All cases below `dir`, sorted by name.
    pub fn all(dir: &Path) -> Result<Vec<Self>> {
        let mut paths = Vec::new();
        files(dir, &mut paths)?;
        paths.sort();
        ensure!(!paths.is_empty(), "there are no cases in {}", dir.display());
        paths.iter().map(|path| Self::read(dir, path)).collect()
    }

    fn read(dir: &Path, path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut case: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let name = path.strip_prefix(dir)?.with_extension("");
        case.name = name.to_string_lossy().into_owned();
        for run in &case.run {
            ensure!(
                !run.name.is_empty() && !run.argv.is_empty(),
                "{}: a run has no name or no argv",
                path.display()
            );
        }
        Ok(case)
    }

    /// The name of `run` for people and in the list of differences.
    pub fn full_name(&self, run: &Run) -> String {
        format!("{}: {}", self.name, run.name)
    }

    /// Where `path` of a table is in the world.
    pub fn place(&self, path: &str) -> PathBuf {
        match path.strip_prefix('/') {
            Some(absolute) => absolute.into(),
            None => self.directory().join(path),
        }
    }

    /// The module directory.
    pub fn directory(&self) -> PathBuf {
        Path::new("lib/modules").join(&self.release)
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
    Ok(())
}

fn release() -> String {
    "6.12.1-test".into()
}

fn live() -> String {
    "live".into()
}

fn size() -> u32 {
    16384
}
