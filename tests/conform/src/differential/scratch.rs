// SPDX-License-Identifier: MIT OR Apache-2.0

//! Directories of a comparison's own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::Differential;

/// A directory that goes away with this value.
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// An empty one.
    pub(super) fn new(all: &Differential) -> Result<Self> {
        fs::create_dir_all(&all.scratch)?;
        let dir = tempfile::Builder::new()
            .prefix("conform-")
            .tempdir_in(&all.scratch)?;
        Ok(Self(dir))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The module directory of kernel `release` in it.
    pub(super) fn directory(&self, release: &str) -> PathBuf {
        directory(self.path(), release)
    }
}

/// The module directory of kernel `release` below `root`.
pub(super) fn directory(root: &Path, release: &str) -> PathBuf {
    root.join("lib/modules").join(release)
}

/// A root with the modules of `tree`, by one link, and indexes by the
/// reference.
pub(super) fn root(all: &Differential, tree: &Path) -> Result<Scratch> {
    let root = Scratch::new(all)?;
    let (from, to) = (directory(tree, &all.release), root.directory(&all.release));
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        // Its indexes are made here.
        let name = entry.file_name();
        let copied = [
            "modules.order",
            "modules.builtin",
            "modules.builtin.modinfo",
        ];
        if entry.file_type()?.is_dir() || copied.iter().any(|copied| name == *copied) {
            symlink(fs::canonicalize(entry.path())?, to.join(name))?;
        }
    }
    depmod(
        &all.reference,
        &["-b".as_ref(), root.path(), all.release.as_ref()],
    )?;
    Ok(root)
}

/// Runs depmod of `program`, which has to succeed.
pub(super) fn depmod(program: &super::Program, words: &[&Path]) -> Result<()> {
    let output = program.command("depmod").args(words).output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("depmod: {}\n{words}", output.status);
    }
    Ok(())
}
