// SPDX-License-Identifier: MIT OR Apache-2.0

//! The program that is held against the cases.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::libraries;

/// The names that it is called by.
pub const TOOLS: [&str; 7] = [
    "modprobe", "depmod", "insmod", "rmmod", "lsmod", "modinfo", "kmod",
];

/// A program that is any of the tools by its name, and all it needs.
pub struct Subject {
    /// Who it is in the list of differences.
    pub name: String,
    program: PathBuf,
    libraries: Vec<(PathBuf, PathBuf)>,
    /// What runs the commands of `install` and `remove` lines.
    shell: Option<PathBuf>,
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
        let shells = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from);
        Ok(Self {
            name: name.to_owned(),
            libraries,
            program,
            shell: shells.into_iter().find(|shell| shell.exists()),
        })
    }

    /// Puts it into the world at `root`, under each tool's name.
    pub fn enter(&self, root: &Path) -> Result<()> {
        let place = root.join("usr/sbin/subject");
        copy(&self.program, &place)?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        for tool in TOOLS {
            symlink("subject", root.join("usr/sbin").join(tool))?;
        }
        for (from, inside) in &self.libraries {
            copy(from, &root.join(inside))?;
        }
        if let Some(shell) = &self.shell {
            copy(shell, &root.join("usr/bin/busybox"))?;
            for name in ["sh", "echo", "true", "false"] {
                symlink("busybox", root.join("usr/bin").join(name))?;
            }
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let copied = fs::copy(from, to);
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
