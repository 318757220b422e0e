// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernels that guests boot: Debian's own, and some built from Debian's
//! source with fragments of ours, by the host's compiler or, with `kernel/` in
//! Rust, by Debian 13's. All are cached.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use umh_vm::plan::Kernel;

use crate::cache::Cache;
use crate::debian::Debian;
use crate::run::Run;
use crate::say;

pub(crate) mod module;
mod option;
mod overlay;
mod rust;
mod source;
mod stock;
mod toolchain;
mod tree;

/// What a kernel is on disk.
pub(crate) struct Files {
    /// What it is.
    pub(crate) kernel: Kernel,
    /// What is started.
    pub(crate) image: PathBuf,
    /// `uname -r`.
    pub(crate) release: String,
    /// Where `lib/modules/RELEASE` is, with depmod's indexes.
    pub(crate) base: PathBuf,
    /// How modules outside its tree are had.
    pub(crate) outside: Outside,
}

/// How modules outside a kernel's tree are had.
pub(crate) enum Outside {
    /// By the host's compiler, against these headers.
    Headers(PathBuf),
    /// They were built with the kernel, by its own compiler, into here.
    Built(PathBuf),
}

impl Files {
    /// `lib/modules/RELEASE`.
    pub(crate) fn modules(&self) -> PathBuf {
        self.base.join("lib/modules").join(&self.release)
    }
}

/// Fetches or builds `kernel`, unless the cache has it.
pub(crate) fn ready(cache: &Cache, kernel: Kernel) -> Result<Files> {
    let debian = Debian::new(cache);
    let files = match kernel {
        Kernel::Stock61 => stock::ready(cache, &debian, kernel, "6.1"),
        Kernel::Stock612 => stock::ready(cache, &debian, kernel, "6.12"),
        Kernel::Option612 => option::ready(cache, &debian),
        _ => rust::ready(cache, &debian, kernel),
    };
    files.with_context(|| format!("kernel {} cannot be had", kernel.name()))
}

/// `tools/testing/selftests` of a kernel's tree, as far as guests run them.
pub(crate) fn selftests(cache: &Cache, files: &Files) -> Result<PathBuf> {
    match &files.outside {
        Outside::Built(base) => Ok(base.join(SELFTESTS)),
        Outside::Headers(_) => source::selftests(cache, &Debian::new(cache)),
    }
}

/// Where they are below a kernel that was built with them.
const SELFTESTS: &str = "selftests";

/// Why the kernel cannot be built here, if it cannot.
pub(crate) fn obstacle(kernel: Kernel) -> Option<&'static str> {
    match kernel {
        Kernel::Stock61 | Kernel::Stock612 | Kernel::Option612 => None,
        _ => toolchain::obstacle(),
    }
}

/// `cargo xtask kernel`.
pub(crate) fn run(kernels: &[Kernel]) -> Result<()> {
    let cache = Cache::open()?;
    let mut kernels = kernels.to_vec();
    if kernels.is_empty() {
        // What `cargo xtask test` boots.
        kernels.extend(Kernel::OWN);
        kernels.push(Kernel::Rust612);
    }
    for kernel in kernels {
        let files = ready(&cache, kernel)?;
        say::line(format_args!(
            "{} {} {}",
            kernel.name(),
            files.release,
            files.image.display()
        ));
    }
    Ok(())
}

/// The one directory in `lib/modules`.
fn release_in(base: &Path) -> Result<String> {
    let modules = base.join("lib/modules");
    let mut entries =
        fs::read_dir(&modules).with_context(|| format!("cannot read {}", modules.display()))?;
    let entry = entries
        .next()
        .with_context(|| format!("{} is empty", modules.display()))??;
    Ok(entry.file_name().to_string_lossy().into_owned())
}

/// Writes the indexes of `lib/modules/RELEASE` under `base`.
pub(crate) fn depmod(base: &Path, release: &str) -> Result<()> {
    let depmod = Path::new("/usr/sbin/depmod");
    let depmod = if depmod.exists() {
        depmod
    } else {
        Path::new("/sbin/depmod")
    };
    Run::new(depmod)
        .arg("-b")
        .arg(base)
        .arg(release)
        .read()
        .map(drop)
}
