// SPDX-License-Identifier: MIT OR Apache-2.0

//! Debian packages as files: fetched and unpacked in the cache, not installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::debian::apt::Apt;
use crate::run::Run;
use crate::say;
use crate::setup;

pub(crate) mod apt;

pub(crate) use apt::{KEYRING, mirror};

/// The release that has both kernels that guests boot, 6.1 and 6.12.
const KERNELS: &str = "bookworm";

/// Where packages come from.
pub(crate) struct Debian<'a> {
    cache: &'a Cache,
    sources: Vec<Apt>,
}

impl<'a> Debian<'a> {
    /// The suites of the machine's own configuration, then the release whose
    /// kernels the guests boot.
    pub(crate) fn new(cache: &'a Cache) -> Self {
        let machine = Apt::machine(cache.path("apt-machine"));
        let mut debian = Self::of(cache, KERNELS);
        debian.sources.insert(0, machine);
        debian
    }

    /// One release alone, whatever the machine runs.
    pub(crate) fn of(cache: &'a Cache, suite: &'static str) -> Self {
        let dir = cache.path(&format!("apt-{suite}"));
        let sources = vec![Apt::release(dir, suite)];
        Self { cache, sources }
    }

    /// The unpacked tree of the newest version of package `name`.
    pub(crate) fn tree(&self, name: &str) -> Result<PathBuf> {
        let mut reasons = Vec::new();
        for apt in &self.sources {
            let tree = apt.version(name).and_then(|version| {
                let version = version.with_context(|| format!("{apt} has no {name}"))?;
                self.unpack(apt, name, &version)
            });
            match tree {
                Ok(tree) => return Ok(tree),
                Err(error) => reasons.push(format!("{error:#}")),
            }
        }
        // An older one from an earlier run serves those who are offline.
        let Some(tree) = self.cache.newest(&format!("{name}_")) else {
            bail!("cannot fetch package {name}:\n{}", reasons.join("\n"));
        };
        say::progress(format_args!(
            "{name}: not to be fetched, using {}",
            tree.display()
        ));
        Ok(tree)
    }

    /// The unpacked trees of the libraries that package `name` depends on and
    /// that the host does not have as packages of its own.
    pub(crate) fn libraries(&self, name: &str) -> Result<Vec<PathBuf>> {
        let depends = self.sources.iter().map(|apt| apt.depends(name));
        let found = depends.flatten().find(|names| !names.is_empty());
        let mut trees = Vec::new();
        for library in found.unwrap_or_default() {
            if library.starts_with("lib") && !setup::is_installed(&library)? {
                trees.push(self.tree(&library)?);
            }
        }
        Ok(trees)
    }

    /// The first package that one of `metas` depends on and whose name starts
    /// with `prefix`: from `linux-image-amd64` to the image of today.
    pub(crate) fn dependency(&self, metas: &[&str], prefix: &str) -> Result<String> {
        let mut reasons = Vec::new();
        for apt in &self.sources {
            for meta in metas {
                match apt.depends(meta) {
                    Ok(names) => match names.into_iter().find(|name| name.starts_with(prefix)) {
                        Some(name) => return Ok(name),
                        None => reasons.push(format!("{meta} does not lead to one in {apt}")),
                    },
                    Err(error) => reasons.push(format!("{error:#}")),
                }
            }
        }
        bail!("no package {prefix}*:\n{}", reasons.join("\n"))
    }

    fn unpack(&self, apt: &Apt, name: &str, version: &str) -> Result<PathBuf> {
        let entry = format!("{name}_{}", version.replace(['/', ':'], "_"));
        self.cache.entry(&entry, |partial| {
            say::step(&format!("fetch {name} {version}"), || {
                apt.download(name, version, partial)?;
                let package = only_package(partial)?;
                Run::new("dpkg-deb")
                    .arg("-x")
                    .arg(&package)
                    .arg(partial)
                    .read()?;
                Ok(fs::remove_file(&package)?)
            })
        })
    }
}

fn only_package(dir: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(dir)?.flatten().map(|entry| entry.path());
    let package = files.find(|path| path.extension().is_some_and(|end| end == "deb"));
    package.with_context(|| format!("nothing was downloaded into {}", dir.display()))
}
