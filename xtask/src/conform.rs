// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask conform`: module tools against the cases of `tests/conform`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cache::Cache;
use crate::kmod::Kmod;
use crate::run::Run;
use crate::say;

/// What is held against what.
#[derive(Args)]
pub(crate) struct Options {
    /// Hold this program, which is modprobe, depmod and the others by its name
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Only runs with one of these in their names
    names: Vec<String>,
}

/// Holds the program that is named, or those of Debian; whether all is as it
/// should be.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let conform = Conform::build()?;
    if let Some(bin) = &options.bin {
        return conform.hold("other", bin, &[], &options.names);
    }
    let mut clean = true;
    for kmod in kmods(&Cache::open()?)? {
        let name = format!("kmod-{}", kmod.version);
        clean &= conform.hold(&name, kmod.program(), kmod.libraries(), &options.names)?;
    }
    Ok(clean)
}

/// The releases that cases come from.
fn kmods(cache: &Cache) -> Result<[Kmod; 2]> {
    Ok([Kmod::of(cache, "bookworm")?, Kmod::of(cache, "trixie")?])
}

/// The harness.
struct Conform {
    program: PathBuf,
    /// What makes the indexes of the cases' trees.
    depmod: PathBuf,
}

impl Conform {
    fn build() -> Result<Self> {
        let built = Run::cargo().args(["build", "--quiet", "--package", "umh-conform"]);
        ensure!(built.shown()?.success(), "umh-conform does not build");
        let places = ["/usr/sbin/depmod", "/sbin/depmod"].map(PathBuf::from);
        let depmod = places.into_iter().find(|path| path.exists());
        Ok(Self {
            program: crate::target().join("debug/conform"),
            depmod: depmod.context("there is no depmod, of package kmod")?,
        })
    }

    fn hold(
        &self,
        name: &str,
        bin: &Path,
        libraries: &[PathBuf],
        names: &[String],
    ) -> Result<bool> {
        let mut run = Run::new(&self.program).args(["cases", "--as", name, "--bin"]);
        run = run.arg(bin).arg("--depmod").arg(&self.depmod);
        for folder in libraries {
            run = run.arg("--libraries").arg(folder);
        }
        let held = say::step(&format!("hold {name} against the cases"), || {
            run.arg("--").args(names).shown()
        });
        Ok(held?.success())
    }
}
