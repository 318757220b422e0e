// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask conform`: module tools against the cases of `tests/conform`,
//! ours against Debian's kmod on a whole kernel, and ours against damage.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::cache::Cache;
use crate::kmod::Kmod;
use crate::run::Run;
use crate::say;
use crate::trees::{Form, Tree};

/// What is held against what.
#[derive(Args)]
pub(crate) struct Options {
    /// Hold this program, which is modprobe, depmod and the others by its
    /// name, and no other
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Compare ours with Debian 13's kmod on all modules of Debian's kernel
    #[arg(long)]
    differential: bool,
    /// Give ours so many damaged inputs
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "100000")]
    fuzz: Option<u64>,
    /// Only runs with one of these in their names
    names: Vec<String>,
}

/// In `cargo xtask test` one of so many names is looked up: about 300.
const SAMPLE: u32 = 40;

/// Names are looked up in the first, which kmod unpacks soonest.
const FORMS: &[Form] = &[Form::Raw, Form::Xz, Form::Zstd, Form::Gzip];

/// Does what the options say, without any holds all against the cases;
/// whether all is as it should be.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let conform = Conform::build()?;
    if options.differential {
        return conform.differential(&Cache::open()?, FORMS, 1);
    }
    if let Some(count) = options.fuzz {
        return conform.fuzz(count);
    }
    if let Some(bin) = &options.bin {
        return conform.hold("other", bin, &[], &options.names);
    }
    conform.hold_all(&Cache::open()?, &options.names)
}

/// What `cargo xtask test` has of it: all cases, and a sample of a kernel.
pub(crate) fn test() -> Result<bool> {
    let (conform, cache) = (Conform::build()?, Cache::open()?);
    let held = conform.hold_all(&cache, &[])?;
    let same = conform.differential(&cache, &[Form::Raw], SAMPLE)?;
    Ok(held && same)
}

/// The harness, and what it holds.
struct Conform {
    program: PathBuf,
    umh: PathBuf,
    /// What makes the indexes of the cases' trees.
    depmod: PathBuf,
}

impl Conform {
    fn build() -> Result<Self> {
        let built = Run::cargo().args(["build", "--quiet", "--package", "umh-conform"]);
        let built = built.args(["--package", "umh-cli", "--bins"]).shown()?;
        ensure!(built.success(), "umh-conform or umh does not build");
        let places = ["/usr/sbin/depmod", "/sbin/depmod"].map(PathBuf::from);
        let depmod = places.into_iter().find(|path| path.exists());
        Ok(Self {
            program: crate::target().join("debug/conform"),
            umh: crate::target().join("debug/umh"),
            depmod: depmod.context("there is no depmod, of package kmod")?,
        })
    }

    /// Ours, and the releases that the cases come from.
    fn hold_all(&self, cache: &Cache, names: &[String]) -> Result<bool> {
        let mut clean = self.hold("umh", &self.umh, &[], names)?;
        for suite in ["bookworm", "trixie"] {
            let kmod = Kmod::of(cache, suite)?;
            let name = format!("kmod-{}", kmod.version);
            clean &= self.hold(&name, kmod.program(), kmod.libraries(), names)?;
        }
        Ok(clean)
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

    fn differential(&self, cache: &Cache, forms: &[Form], every: u32) -> Result<bool> {
        let kmod = Kmod::of(cache, "trixie")?;
        let mut run = Run::new(&self.program).args(["differential", "--ours"]);
        run = run.arg(&self.umh).arg("--reference").arg(kmod.program());
        for folder in kmod.libraries() {
            run = run.arg("--libraries").arg(folder);
        }
        for form in forms {
            let tree = Tree::of(cache, *form)?;
            // Debian builds kmod without gzip.
            let option = match form {
                Form::Gzip => "--gzip-tree",
                Form::Raw | Form::Xz | Form::Zstd => "--tree",
            };
            run = run.arg(option).arg(&tree.base);
            if *form == Form::Raw {
                run = run.arg("--release").arg(&tree.release);
            }
        }
        run = run.arg("--every").arg(every.to_string());
        // Beside the trees, for links to their files.
        run = run.arg("--scratch").arg(cache.path("conform"));
        let compared = say::step("compare ours with kmod on Debian's kernel", || run.shown());
        Ok(compared?.success())
    }

    fn fuzz(&self, count: u64) -> Result<bool> {
        let run = Run::new(&self.program).args(["fuzz", "--bin"]);
        let run = run.arg(&self.umh).arg("--depmod").arg(&self.depmod);
        let run = run.arg("--count").arg(count.to_string());
        let run = run.arg("--kept").arg(crate::target().join("conform-fuzz"));
        let fed = say::step(&format!("give ours {count} damaged inputs"), || run.shown());
        Ok(fed?.success())
    }
}
