// SPDX-License-Identifier: MIT OR Apache-2.0

//! Debian 13 as a root of its own, with the compilers that Linux in Rust is
//! built by: rustc, the source of `core` and bindgen must be of versions that
//! fit each other and the kernel, which those of one release do.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache::{self, Cache};
use crate::debian;
use crate::run::Run;
use crate::say;
use crate::setup;

const SUITE: &str = "trixie";

/// What builds Linux with `LLVM=1` and `CONFIG_RUST`, and the tools that its
/// build starts.
const PACKAGES: &[&str] = &[
    "bc",
    "bindgen",
    "bison",
    "clang",
    "flex",
    "gcc",
    "libc6-dev",
    "libelf-dev",
    "libssl-dev",
    "lld",
    "llvm",
    "make",
    "rust-src",
    "rustc",
    "xz-utils",
];

/// Where the tree that is built is seen inside.
pub(super) const BUILD: &str = "/src";

/// Mounts end with the process, whose namespace they are in.
const OWN_MOUNTS: [&str; 4] = ["--mount", "--propagation", "private", "--"];

/// Enters the root `$1`, which shows the tree `$2` at [`BUILD`].
const ENTER: &str = r#"mount --bind "$2" "$1/src" && mount -t proc proc "$1/proc" &&
mount --bind /dev "$1/dev" && root=$1 && shift 2 &&
exec env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C chroot "$root" "$@""#;

/// The root.
pub(super) struct Toolchain(PathBuf);

impl Toolchain {
    /// Made by debootstrap(8) on first use. Needs root, as chroot(8) does.
    pub(super) fn ready(cache: &Cache) -> Result<Self> {
        if let Some(obstacle) = obstacle() {
            bail!(
                "the compilers of Linux in Rust are Debian 13's, in a root of their own: {obstacle}"
            );
        }
        let key = cache::key(&[SUITE.as_bytes(), PACKAGES.join(" ").as_bytes()]);
        let root = cache.entry(&format!("toolchain-{SUITE}-{key}"), |partial| {
            say::step("make a root of Debian 13 with rustc and clang", || {
                bootstrap(partial)
            })
        })?;
        Ok(Self(root))
    }

    /// A program of the root's, which sees `tree` at [`BUILD`].
    pub(super) fn run(&self, tree: &Path, program: &str) -> Run {
        let unshare = Run::new("unshare").args(OWN_MOUNTS);
        let enter = unshare.args(["sh", "-c", ENTER, "enter"]);
        enter.arg(&self.0).arg(tree).arg(program)
    }

    /// Its name, which changes when what is in it is to change.
    pub(super) fn name(&self) -> Result<&[u8]> {
        let name = self.0.file_name();
        Ok(name
            .context("a root in the cache has a name")?
            .as_encoded_bytes())
    }
}

/// What stands in the way of a root with mounts of its own, if anything does.
pub(super) fn obstacle() -> Option<&'static str> {
    if !setup::is_root() {
        return Some("only root can make one, by debootstrap and chroot");
    }
    let mount = Run::new("unshare").args(OWN_MOUNTS);
    let mount = mount.args(["mount", "--bind", "/", "/"]);
    match mount.read() {
        Ok(_) => None,
        Err(_) => Some("nobody may mount here, not even in a namespace of its own"),
    }
}

fn bootstrap(root: &Path) -> Result<()> {
    // Its own mounts go with it.
    let run = Run::new("unshare").args(OWN_MOUNTS);
    let run = run.args(["debootstrap", "--variant=minbase"]);
    let run = run.arg(format!("--include={}", PACKAGES.join(",")));
    let run = run.arg(format!("--keyring={}", debian::KEYRING));
    let log = root.with_extension("log");
    let mirror = debian::mirror()?;
    let made = run.arg(SUITE).arg(root).arg(&mirror).logged(&log);
    made.with_context(|| {
        format!(
            "Debian {SUITE}, which has the compilers of Linux in Rust, cannot be had from {mirror}"
        )
    })?;
    fs::remove_file(&log)?;
    // What was downloaded is installed.
    fs::remove_dir_all(root.join("var/cache/apt/archives"))?;
    fs::create_dir(root.join(BUILD.trim_start_matches('/')))
        .with_context(|| format!("cannot make {BUILD} in {}", root.display()))
}
