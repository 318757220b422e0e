// SPDX-License-Identifier: MIT OR Apache-2.0

//! A case's root directory: made once, copied for each run.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::fs::StatVfsMountFlags;
use tempfile::TempDir;

use crate::case::{Case, Indexes, Run};
use crate::kernel;
use crate::subject::Subject;
use crate::supervise::supervise;

/// A root directory that goes away with this value.
pub struct World {
    dir: TempDir,
}

impl World {
    /// What `case` describes, with indexes by `depmod` and `subject` in it.
    pub fn new(case: &Case, subject: &Subject, depmod: &Path) -> Result<Self> {
        let world = Self::empty()?;
        let root = world.root();
        let directory = root.join(case.directory());
        fs::create_dir_all(&directory)?;
        for (path, module) in &case.modules {
            let image = module.image(&stem(path))?;
            write(&root.join(case.place(path)), &module.packed(&image)?)?;
        }
        world.write_all(case, &case.files)?;
        for (path, target) in &case.links {
            let path = root.join(case.place(path));
            make_parent(&path)?;
            symlink(target, &path).with_context(|| path.display().to_string())?;
        }
        subject.enter(root)?;
        match case.indexes {
            Indexes::Reference => index(depmod, root, &case.release)?,
            Indexes::Subject => own_index(case, root)?,
            Indexes::None => {}
        }
        world.write_all(case, &case.later)?;
        kernel::populate(root, &case.loaded)?;
        Ok(world)
    }

    /// A copy of this one, as `run` has it.
    pub fn for_run(&self, case: &Case, run: &Run) -> Result<Self> {
        let world = self.copy()?;
        world.write_all(case, &run.files)?;
        for path in &run.without {
            let path = world.root().join(case.place(path));
            let gone = match fs::symlink_metadata(&path) {
                // Which indexes there are depends on who made them.
                Err(_) => Ok(()),
                Ok(data) if data.is_dir() => fs::remove_dir_all(&path),
                Ok(_) => fs::remove_file(&path),
            };
            gone.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(world)
    }

    /// A copy that shares nothing with this one.
    pub fn copy(&self) -> Result<Self> {
        let world = Self { dir: temporary()? };
        copy_tree(self.root(), world.root(), Path::new(""))?;
        Ok(world)
    }

    /// Its root directory.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Folders as all distributions have them by now.
    fn empty() -> Result<Self> {
        let dir = temporary()?;
        for folder in ["bin", "sbin", "lib", "lib64"] {
            fs::create_dir_all(dir.path().join("usr").join(folder))?;
            symlink(format!("usr/{folder}"), dir.path().join(folder))?;
        }
        for folder in ["etc", "proc", "sys/module", "tmp", "dev", "run"] {
            fs::create_dir_all(dir.path().join(folder))?;
        }
        // What kmod's own preprocessing of depmod reads is a plain file here:
        // making a device takes more privilege than a user namespace has.
        fs::write(dir.path().join("dev/null"), b"")?;
        fs::write(dir.path().join("proc/cmdline"), b"quiet\n")?;
        Ok(Self { dir })
    }

    fn write_all(&self, case: &Case, files: &BTreeMap<String, String>) -> Result<()> {
        for (path, content) in files {
            write(&self.root().join(case.place(path)), content.as_bytes())?;
        }
        Ok(())
    }
}

/// The name of the module in the file at `path`.
pub fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem.replace('-', "_")
}

fn index(depmod: &Path, root: &Path, release: &str) -> Result<()> {
    let output = Command::new(depmod)
        .arg("-b")
        .arg(root)
        // Not this machine's.
        .args(["-C", "/dev/null", release])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", depmod.display()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("{} -b: {}\n{words}", depmod.display(), output.status);
    }
    Ok(())
}

/// By a depmod that may fail: the runs show what comes of it.
fn own_index(case: &Case, root: &Path) -> Result<()> {
    let run = Run {
        argv: vec!["depmod".into()],
        ..Run::default()
    };
    supervise(case, &run, root).map(drop)
}

/// A folder in memory where there is such a place: a case is many small files
/// for a moment.
pub(crate) fn temporary() -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("umh-conform-");
    let memory = Path::new("/dev/shm");
    let runs_programs = rustix::fs::statvfs(memory)
        .is_ok_and(|data| !data.f_flag.contains(StatVfsMountFlags::NOEXEC));
    if runs_programs && let Ok(dir) = builder.tempdir_in(memory) {
        return Ok(dir);
    }
    Ok(builder.tempdir()?)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    make_parent(path)?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn make_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
    })
}

/// Copies what is at `inside` of `from`. Programs and libraries are large and
/// nobody changes them, so these are links.
fn copy_tree(from: &Path, to: &Path, inside: &Path) -> Result<()> {
    for entry in fs::read_dir(from.join(inside))? {
        let entry = entry?;
        let inside = inside.join(entry.file_name());
        let (source, place) = (from.join(&inside), to.join(&inside));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &place)?;
        } else if kind.is_dir() {
            fs::create_dir(&place)?;
            copy_tree(from, to, &inside)?;
        } else if !FOR_DATA.iter().any(|folder| inside.starts_with(folder)) {
            fs::hard_link(&source, &place)?;
        } else {
            fs::copy(&source, &place)?;
            // What is newer than an index is indexed again.
            let modified = entry.metadata()?.modified()?;
            File::options()
                .write(true)
                .open(&place)?
                .set_modified(modified)?;
        }
    }
    Ok(())
}

/// Where no program or library is.
const FOR_DATA: [&str; 8] = [
    "etc",
    "proc",
    "sys",
    "dev",
    "run",
    "tmp",
    "usr/lib/modules",
    "usr/lib/modprobe.d",
];
