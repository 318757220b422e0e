// SPDX-License-Identifier: MIT OR Apache-2.0

//! What we are measured against: the programs of `bench/peers`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::run::Run;
use crate::vm::programs::{TARGET, without_shared_libraries};

/// Builds `name` as its authors would release it, and linked statically.
pub(crate) fn build(name: &str) -> Result<PathBuf> {
    program_of(name, name)
}

/// Builds `package` in the same way, for one of its programs.
pub(crate) fn program_of(package: &str, name: &str) -> Result<PathBuf> {
    let target = crate::target().join("peers");
    let cargo = Run::cargo().dir(&crate::root().join("bench/peers"));
    let cargo = cargo.args(["build", "--quiet", "--release", "--locked"]);
    let cargo = cargo.args(["--package", package, "--target", TARGET]);
    let cargo = cargo.arg("--config").arg(without_shared_libraries());
    let built = cargo.arg("--target-dir").arg(&target).shown()?;
    ensure!(built.success(), "{package} of bench/peers does not build");
    Ok(target.join(TARGET).join("release").join(name))
}
