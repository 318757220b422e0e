// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own programs for guests.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::run::Run;
use crate::say;

/// The target of what runs in guests: with its name given, flags reach only
/// them and no build script.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Where cargo put them.
pub(crate) struct Programs {
    /// PID 1 with the cases.
    pub(crate) guest: PathBuf,
    /// The stand-in for modprobe and others.
    pub(crate) probe: PathBuf,
    /// The program that the kernel starts.
    pub(crate) helper: PathBuf,
}

/// Builds them, the guest's own without any shared library.
pub(crate) fn build() -> Result<Programs> {
    say::step("build the guest's programs", || {
        let bins = for_guests().args(["--package", "umh-vm", "--bins"]);
        ensure!(bins.shown()?.success(), "the guest's programs do not build");
        Ok(Programs {
            guest: built("debug", "guest"),
            probe: built("debug", "probe"),
            helper: build_helper()?,
        })
    })
}

/// Builds the program that the kernel starts.
pub(crate) fn build_helper() -> Result<PathBuf> {
    let helper = cargo().args(["--package", "umh-helper", "--bin", "usermode-helper"]);
    let helper = helper.args(["--profile", "helper"]);
    ensure!(helper.shown()?.success(), "usermode-helper does not build");
    Ok(built("helper", "usermode-helper"))
}

/// Builds the people's program in the same way, for the boots that have it.
pub(crate) fn build_umh() -> Result<PathBuf> {
    let umh = for_guests().args(["--package", "umh-cli", "--bin", "umh"]);
    ensure!(umh.shown()?.success(), "umh does not build");
    Ok(built("debug", "umh"))
}

/// A directory of their own: other flags, and cargo would build all of the
/// workspace again each time it saw the difference.
fn target() -> PathBuf {
    crate::target().join("guest")
}

fn built(profile: &str, name: &str) -> PathBuf {
    target().join(TARGET).join(profile).join(name)
}

fn cargo() -> Run {
    let run = Run::cargo().arg("build").arg("--quiet");
    run.args(["--target", TARGET, "--target-dir"]).arg(target())
}

fn for_guests() -> Run {
    cargo()
        .arg("--config")
        .arg(without_shared_libraries())
        // An archive without debug information boots quicker, and code runs
        // some ten times slower than outside.
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("CARGO_PROFILE_DEV_STRIP", "debuginfo")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
}

/// What cargo is told for a program that brings its libraries along.
pub(crate) fn without_shared_libraries() -> String {
    format!(r#"target.{TARGET}.rustflags=["-Ctarget-feature=+crt-static"]"#)
}
