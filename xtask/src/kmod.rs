// SPDX-License-Identifier: MIT OR Apache-2.0

//! kmod as a Debian release has it, whatever the machine runs: unpacked, with
//! its own libraries, and started by its own loader.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::debian::Debian;
use crate::run::Run;
use crate::vm::libraries;

/// The package and its libraries. Not all stand in its dependencies: since
/// release 34 it opens decoders when it meets a module that takes them.
const PACKAGES: &[&str] = &[
    "kmod", "libkmod2", "libc6", "libzstd1", "liblzma5", "zlib1g",
];

/// What the name of one more begins with; its end differs between releases.
const LIBSSL: &str = "libssl3";

/// kmod of one release.
pub(crate) struct Kmod {
    /// `34.2`.
    pub(crate) version: String,
    loader: PathBuf,
    program: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Kmod {
    /// That of Debian's `suite`.
    pub(crate) fn of(cache: &Cache, suite: &'static str) -> Result<Self> {
        let debian = Debian::of(cache, suite);
        let mut trees = PACKAGES
            .iter()
            .map(|package| debian.tree(package))
            .collect::<Result<Vec<_>>>()?;
        let libssl = debian.dependency(&["kmod", "libkmod2"], LIBSSL)?;
        trees.push(debian.tree(&libssl)?);

        let find = |names: &[&str]| {
            let mut paths = trees
                .iter()
                .flat_map(|tree| names.iter().map(move |name| tree.join(name)));
            paths
                .find(|path| path.exists())
                .with_context(|| format!("{suite}'s packages hold no {}", names.join(" or ")))
        };
        let folders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];
        let libraries = trees
            .iter()
            .flat_map(|tree| folders.map(|folder| tree.join(folder)))
            .filter(|path| path.is_dir())
            .collect();
        let mut kmod = Self {
            version: String::new(),
            loader: find(&[
                "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            ])?,
            program: find(&["usr/bin/kmod", "bin/kmod"])?,
            libraries,
        };
        // "kmod version 34.2" and what it was built with.
        let words = kmod.run("depmod").arg("-V").read()?;
        let version = words.split_whitespace().nth(2);
        kmod.version = version.context("kmod tells no version")?.to_owned();
        Ok(kmod)
    }

    /// Its program under the name `tool`.
    pub(crate) fn run(&self, tool: &str) -> Run {
        let run = self.loaded().args(["--argv0", tool]);
        run.arg(&self.program)
    }

    /// Its loader, which knows its libraries.
    fn loaded(&self) -> Run {
        let paths: Vec<&OsStr> = self.libraries.iter().map(|path| path.as_os_str()).collect();
        let run = Run::new(&self.loader).arg("--library-path");
        run.arg(paths.join(OsStr::new(":")))
    }

    /// The same on one processor alone, if there is a number.
    pub(crate) fn pinned(&self, tool: &str, processor: Option<&str>) -> Run {
        let Some(processor) = processor else {
            return self.run(tool);
        };
        let command = self.run(tool).into_command();
        let run = Run::new("taskset").args(["--cpu-list", processor]);
        run.arg(command.get_program()).args(command.get_args())
    }

    /// What it needs to run elsewhere, by path there: `kmod`, `lib64` with its
    /// loader and `lib` with its libraries.
    pub(crate) fn files(&self) -> Result<Vec<(String, PathBuf)>> {
        let libraries = libraries::listed_by(self.loaded().arg("--list").arg(&self.program))?;
        let mut files = vec![("kmod".to_owned(), self.program.clone())];
        for library in libraries {
            let name = library.file_name().context("a library has a name")?;
            let name = name.to_string_lossy().into_owned();
            files.push(match name.starts_with("ld-linux") {
                true => (format!("lib64/{name}"), self.loader.clone()),
                false => (format!("lib/{name}"), library),
            });
        }
        Ok(files)
    }

    /// Its program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The folders of its libraries.
    pub(crate) fn libraries(&self) -> &[PathBuf] {
        &self.libraries
    }
}
