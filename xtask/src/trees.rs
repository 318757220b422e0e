// SPDX-License-Identifier: MIT OR Apache-2.0

//! The modules of Debian's 6.12 kernel, without indexes, in every form that
//! distributions ship: as they are, and compressed in three ways.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};
use umh_vm::plan::Kernel;

use crate::cache::Cache;
use crate::run::Run;
use crate::{kernel, say};

/// How module files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Raw,
    Gzip,
    Xz,
    Zstd,
}

impl Form {
    /// `raw`, or what a file's name ends with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zst",
        }
    }

    /// The program that makes the files of Debian's, or of the raw form, in
    /// place.
    fn packer(self) -> Option<&'static [&'static str]> {
        match self {
            // As Debian ships them.
            Self::Xz => None,
            Self::Raw => Some(&["xz", "--decompress", "--force"]),
            Self::Gzip => Some(&["gzip", "--no-name", "--force"]),
            Self::Zstd => Some(&["zstd", "--rm", "--quiet"]),
        }
    }
}

/// One of them: `lib/modules/RELEASE` below `base`.
pub(crate) struct Tree {
    pub(crate) base: PathBuf,
    pub(crate) release: String,
    pub(crate) form: Form,
}

impl Tree {
    /// The tree in `form`, made on first use. It is shared: whoever writes
    /// into it takes a [`Tree::copy`].
    pub(crate) fn of(cache: &Cache, form: Form) -> Result<Self> {
        let stock = kernel::ready(cache, Kernel::Stock612)?;
        let release = stock.release.clone();
        let source = stock.base.join("lib/modules").join(&release);
        let entry = |form: Form| format!("modules-{release}-{}", form.name());

        let fill = |dir: &Path, source: &Path, ending: &str| {
            let modules = dir.join("lib/modules").join(&release);
            fs::create_dir_all(modules.parent().context("it has a parent")?)?;
            copy(source, &modules)?;
            let found = files(&modules)?;
            // What depmod makes is not part of the tree.
            for path in found.iter().filter(|path| is_index(path)) {
                fs::remove_file(path)?;
            }
            let packer = form.packer().unwrap_or_default();
            in_batches(packer, &with_ending(&found, ending))
        };
        let base = match form {
            Form::Xz => cache.entry(&entry(form), |dir| fill(dir, &source, ".ko.xz"))?,
            Form::Raw => cache.entry(&entry(form), |dir| {
                say::step("unpack the modules of Debian 6.12", || {
                    fill(dir, &source, ".ko.xz")
                })
            })?,
            Form::Gzip | Form::Zstd => {
                let raw = Self::of(cache, Form::Raw)?.modules();
                cache.entry(&entry(form), |dir| {
                    let what = format!("pack its modules as .{}", form.name());
                    say::step(&what, || fill(dir, &raw, ".ko"))
                })?
            }
        };
        Ok(Self {
            base,
            release,
            form,
        })
    }

    /// The directory of this release.
    pub(crate) fn modules(&self) -> PathBuf {
        self.base.join("lib/modules").join(&self.release)
    }

    /// A copy below `base` whose module files are links to these: they may be
    /// replaced and removed, not written to.
    pub(crate) fn copy(&self, base: &Path) -> Result<Self> {
        copy(&self.base.join("lib"), &base.join("lib"))?;
        Ok(Self {
            base: base.to_owned(),
            release: self.release.clone(),
            form: self.form,
        })
    }
}

/// Hard links where the file system has them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let linked = Run::new("cp").arg("-al").arg(from).arg(to).read();
    linked
        .or_else(|_| Run::new("cp").arg("-a").arg(from).arg(to).read())
        .map(drop)
}

/// All files below `dir`, in order.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        let entries = fs::read_dir(&dir);
        for entry in entries.with_context(|| format!("cannot read {}", dir.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn with_ending(files: &[PathBuf], ending: &str) -> Vec<PathBuf> {
    let ends = |path: &&PathBuf| path.to_str().is_some_and(|name| name.ends_with(ending));
    files.iter().filter(ends).cloned().collect()
}

fn is_index(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let made = [
        "modules.alias",
        "modules.dep",
        "modules.devname",
        "modules.softdep",
        "modules.symbols",
        "modules.weakdep",
    ];
    made.contains(&name) || name.starts_with("modules.") && name.ends_with(".bin")
}

/// Runs `program` on all files, many at once, on all processors.
fn in_batches(program: &[&str], files: &[PathBuf]) -> Result<()> {
    let Some((name, options)) = program.split_first() else {
        return Ok(());
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors)
            .map(|worker| {
                scope.spawn(move || -> Result<()> {
                    let batches = files.chunks(64).skip(worker).step_by(processors);
                    for batch in batches {
                        Run::new(name).args(options).args(batch).read()?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| anyhow::bail!("it ended")))
    })
}
