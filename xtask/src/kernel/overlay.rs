// SPDX-License-Identifier: MIT OR Apache-2.0

//! What of this project goes into a tree of Linux: `kernel/` with the crates
//! that it links to, as `kernel/umh`, the patch that has Linux build it, and
//! the tests' module.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache;
use crate::run::Run;

/// Files by their paths in the tree.
pub(super) struct Overlay {
    /// Where they go: below Linux, and beside it.
    folders: [PathBuf; 2],
    files: BTreeMap<PathBuf, Vec<u8>>,
    patch: Vec<u8>,
    patch_file: PathBuf,
}

impl Overlay {
    /// As the checkout at `root` has it, for Linux in the folder `linux`, which
    /// needs the lines of `kernel/PATCH`.
    pub(super) fn read(root: &Path, linux: &str, patch: &str) -> Result<Self> {
        let folders = [Path::new(linux).join("kernel/umh"), "module".into()];
        let mut files = BTreeMap::new();
        gather(&root.join("kernel"), &folders[0], &mut files)?;
        gather(&root.join("tests/vm/module"), &folders[1], &mut files)?;
        // Read by people, and by patch(1).
        let ends = |path: &Path, end| path.extension().is_some_and(|found| found == end);
        files.retain(|path, _| !ends(path, "md") && !ends(path, "patch"));
        let patch_file = root.join("kernel").join(patch);
        let patch = fs::read(&patch_file)
            .with_context(|| format!("cannot read {}", patch_file.display()))?;
        Ok(Self {
            folders,
            files,
            patch,
            patch_file,
        })
    }

    /// What changes with any of the files.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut parts: Vec<&[u8]> = Vec::new();
        for (path, text) in &self.files {
            parts.extend([path.as_os_str().as_encoded_bytes(), text]);
        }
        cache::key(&parts).into_bytes()
    }

    /// The patch's text.
    pub(super) fn patch(&self) -> &[u8] {
        &self.patch
    }

    /// Patches Linux at `source`.
    pub(super) fn apply(&self, source: &Path) -> Result<()> {
        let patch = Run::new("patch")
            .dir(source)
            .args(["-p1", "--fuzz=0", "-i"]);
        patch.arg(&self.patch_file).read().map(drop)
    }

    /// Makes the folders in `dir` those of the checkout. What is the same stays
    /// untouched, since make(1) looks at times.
    pub(super) fn copy(&self, dir: &Path) -> Result<()> {
        for folder in &self.folders {
            let mut there = BTreeMap::new();
            if dir.join(folder).exists() {
                gather(&dir.join(folder), folder, &mut there)?;
            }
            let sources = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
            for path in there.keys().filter(|path| sources(path)) {
                if !self.files.contains_key(path) {
                    fs::remove_file(dir.join(path))?;
                }
            }
            for (path, text) in self
                .files
                .iter()
                .filter(|(path, _)| path.starts_with(folder))
            {
                if there.get(path) != Some(text) {
                    let path = dir.join(path);
                    fs::create_dir_all(path.parent().unwrap_or(dir))?;
                    fs::write(&path, text)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                }
            }
        }
        Ok(())
    }
}

/// Adds the files below `from` under the name `to`, those behind links too.
fn gather(from: &Path, to: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            gather(&path, &name, files)?;
        } else {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_come_along_and_what_is_the_same_stays_untouched() {
        let overlay = Overlay::read(crate::root(), "linux", "linux-6.12.patch").unwrap();
        let engine = overlay.folders[0].join("umh_core/exec.rs");
        assert!(overlay.files.contains_key(&engine));

        let dir = tempfile::tempdir().unwrap();
        overlay.copy(dir.path()).unwrap();
        let written = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        let before = written(&dir.path().join(&engine));
        let stale = dir.path().join(&overlay.folders[0]).join("stale.rs");
        fs::write(&stale, "x").unwrap();
        overlay.copy(dir.path()).unwrap();
        assert_eq!(written(&dir.path().join(&engine)), before);
        assert!(!stale.exists());
    }
}
