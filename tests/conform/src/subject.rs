// SPDX-License-Identifier: MIT OR Apache-2.0

//! The program that is held against the cases.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{libraries, world};

/// The names that it is called by.
pub const TOOLS: [&str; 7] = [
    "modprobe", "depmod", "insmod", "rmmod", "lsmod", "modinfo", "kmod",
];

/// A program that is any of the tools by its name, and all it needs.
///
/// Worlds get links to one copy, made before any process is started: a child
/// of another thread would hold a file that is being written open for a
/// moment, and then it cannot be run.
pub struct Subject {
    /// Who it is in the list of differences.
    pub name: String,
    /// As they are in a world.
    files: TempDir,
    links: Vec<(PathBuf, &'static str)>,
}

impl Subject {
    /// `program`, whose libraries are in `folders`: none, this machine's.
    pub fn new(name: &str, program: &Path, folders: &[PathBuf]) -> Result<Self> {
        let program = fs::canonicalize(program)
            .with_context(|| format!("there is no {}", program.display()))?;
        let folders = match folders {
            [] => libraries::FOLDERS.map(PathBuf::from).to_vec(),
            folders => folders.to_vec(),
        };
        let mut libraries = libraries::of(&program, &folders)?;
        if !libraries.is_empty() {
            libraries.extend(libraries::opened_later(&folders)?);
        }
        let files = world::temporary()?;
        let place = files.path().join("usr/sbin/subject");
        copy(&program, &place)?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        for (from, inside) in &libraries {
            copy(from, &files.path().join(inside))?;
        }
        let tools = TOOLS.map(|tool| (Path::new("usr/sbin").join(tool), "subject"));
        let mut links = tools.to_vec();
        // What runs the commands of `install` and `remove` lines.
        let shells = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
        if let Some(shell) = shells.into_iter().find(|shell| shell.exists()) {
            copy(shell, &files.path().join("usr/bin/busybox"))?;
            let names = ["sh", "echo", "true", "false"];
            links.extend(names.map(|name| (Path::new("usr/bin").join(name), "busybox")));
        }
        Ok(Self {
            name: name.to_owned(),
            files,
            links,
        })
    }

    /// Puts it into the world at `root`, under each tool's name.
    pub fn enter(&self, root: &Path) -> Result<()> {
        link_tree(self.files.path(), root)?;
        for (place, target) in &self.links {
            symlink(target, root.join(place))?;
        }
        Ok(())
    }
}

/// Makes links in `to` to all files of `from`.
fn link_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_tree(&entry.path(), &place)?;
        } else {
            fs::hard_link(entry.path(), &place)
                .with_context(|| format!("cannot link {}", place.display()))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let copied = fs::copy(from, to);
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
