// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask test`: every test there is, those of booted kernels too.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result};
use umh_vm::plan::Boot;

use crate::conform;
use crate::fuzz;
use crate::kernel;
use crate::run::Run;
use crate::say;
use crate::setup;
use crate::vm::rig::Rig;
use crate::vm::{self, Count};

/// What is off by default and tested all the same.
pub(crate) const FEATURES: &str = "umh/tokio";

/// Runs them all; whether all passed. The last line has the count.
pub(crate) fn run() -> Result<bool> {
    setup::run()?;
    let mut count = Count::default();
    let all = ["--workspace", "--no-fail-fast", "--features", FEATURES];
    cargo(&all, &[], &mut count)?;
    // Every order of the engine's atomics: another build of its crate.
    let models = ["-p", "umh-core", "--test", "loom", "--release"];
    let apart = ["--target-dir", "target/loom"];
    cargo(
        &[models.as_slice(), &apart].concat(),
        &[("RUSTFLAGS", "--cfg loom")],
        &mut count,
    )?;
    one("fuzz targets", fuzz::compile(), &mut count);
    one("conform", conform::test(), &mut count);
    // A guest without its programs cannot say anything: stop here.
    match Rig::new() {
        Ok(rig) => booted(&rig, &mut count),
        Err(error) => failed(&mut count, "guests", &format!("{error:#}")),
    }
    say::line(format_args!(
        "{} passed, {} failed",
        count.passed, count.failed
    ));
    Ok(count.failed == 0)
}

fn booted(rig: &Rig, count: &mut Count) {
    for boot in Boot::all().filter(Boot::is_test) {
        if let Some(obstacle) = kernel::obstacle(boot.kernel) {
            count.skipped += 1;
            say::line(format_args!(
                "test {} ... skipped, its kernel cannot be built: {obstacle}",
                boot.name()
            ));
            continue;
        }
        if let Err(error) = vm::test(rig, &boot, count) {
            let name = format!("{}/{}", boot.kernel.name(), boot.suite.name());
            failed(count, &name, &format!("{error:#}"));
        }
    }
}

/// What counts as one test, and says itself what is wrong.
fn one(name: &str, passed: Result<bool>, count: &mut Count) {
    match passed {
        Ok(true) => {
            count.passed += 1;
            say::line(format_args!("test {name} ... ok"));
        }
        Ok(false) => failed(count, name, "what is wrong is said above"),
        Err(error) => failed(count, name, &format!("{error:#}")),
    }
}

fn failed(count: &mut Count, name: &str, why: &str) {
    count.failed += 1;
    say::line(format_args!("test {name} ... FAILED\n    {why}"));
}

/// `cargo test` with `args`, whose output is passed on and counted.
fn cargo(args: &[&str], envs: &[(&str, &str)], count: &mut Count) -> Result<()> {
    let failed = count.failed;
    let mut command = Run::cargo().arg("test").args(args).into_command();
    command.envs(envs.iter().copied());
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child
        .stdout
        .take()
        .context("cargo has no standard output")?;
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what cargo says")?;
        count.add(&line);
        say::line(format_args!("{line}"));
    }
    let status = child.wait().context("cannot wait for cargo")?;
    // What does not compile has no tests to fail.
    if !status.success() && count.failed == failed {
        count.failed += 1;
        let args = args.join(" ");
        say::line(format_args!(
            "test cargo test {args} ... FAILED\n    {status}"
        ));
    }
    Ok(())
}

impl Count {
    /// Adds `test result: ok. 15 passed; 0 failed; 1 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let number = |key: &str| {
            let mut parts = counts.split([';', '.']).map(str::trim);
            let number = parts.find_map(|part| part.strip_suffix(key));
            number
                .and_then(|number| number.trim().parse().ok())
                .unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
        self.skipped += number("ignored");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_cargo_are_added_up() {
        let mut count = Count::default();
        count.add("test result: ok. 15 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s");
        count.add("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        count.add("test a ... ok");
        assert_eq!((count.passed, count.failed, count.skipped), (16, 2, 1));
    }
}
