// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask setup`: the Debian packages that the other commands need.
//! Silent when nothing is missing; nothing else of the host is changed.

use anyhow::{Context, Result, bail};

use crate::run::Run;
use crate::say;

/// What is needed, and by what.
const PACKAGES: &[&str] = &[
    // Guests.
    "qemu-system-x86",
    "seabios",
    // Linux, and a module outside its tree.
    "bc",
    "bison",
    "flex",
    "gcc",
    "libelf-dev",
    "libssl-dev",
    "make",
    "perl",
    "xz-utils",
    // The same with Rust: our changes.
    "patch",
    // Static programs, and the C++ runtime of libFuzzer.
    "g++",
    "libc6-dev",
    // What guests run beside ours; depmod is the host's.
    "busybox-static",
    "keyutils",
    "kmod",
    "secilc",
    // What programs that are measured ask of the kernel.
    "strace",
    "time",
    // Whole systems as guests, and the root of Linux's compilers in Rust.
    "debian-archive-keyring",
    "debootstrap",
    "libcap2-bin",
    "zstd",
];

/// Installs what is missing, or says how.
pub(crate) fn run() -> Result<()> {
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!(
        "apt-get install --yes --no-install-recommends {}",
        missing.join(" ")
    );
    if !is_root() {
        bail!("packages are missing; install them with\n\n    sudo {command}\n");
    }
    say::progress(format_args!("{command}"));
    let install = || {
        let run = Run::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        let run = run.args(["install", "--yes", "--no-install-recommends"]);
        run.args(&missing)
            .logged(&std::env::temp_dir().join("umh-setup.log"))
    };
    // Lists that are old or were never fetched are the usual reason.
    install().or_else(|_| {
        Run::new("apt-get").arg("update").read()?;
        install()
    })
}

/// Whether the host has that package.
pub(crate) fn is_installed(package: &str) -> Result<bool> {
    Ok(absent(&[package])?.is_empty())
}

fn missing() -> Result<Vec<&'static str>> {
    absent(PACKAGES)
}

/// Those of `packages` that the host does not have.
fn absent<'a>(packages: &[&'a str]) -> Result<Vec<&'a str>> {
    // It fails when a name is unknown to it and still lists the others.
    let output = Run::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(packages)
        .into_command()
        .output()
        .context("cannot run dpkg-query: real kernels and their tools are Debian's packages")?;
    let installed = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_missing = |name: &&str| {
        let line = format!("{name} installed");
        !installed.lines().any(|installed| installed == line)
    };
    Ok(packages.iter().copied().filter(is_missing).collect())
}

/// Whether this is root.
pub(crate) fn is_root() -> bool {
    let id = Run::new("id").arg("-u").read();
    id.is_ok_and(|id| id.trim() == "0")
}
