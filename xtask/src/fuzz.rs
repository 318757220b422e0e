// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer.
//!
//! On the stable toolchain: coverage is a pass of LLVM, which `-C` reaches,
//! and libfuzzer-sys brings the driver. There is no address sanitizer, which
//! would need a nightly one and finds nothing in code without `unsafe`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::run::Run;
use crate::say::{self, Colour, paint};

/// What is fuzzed, and how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this target
    target: Option<String>,
    /// For each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// As cargo-fuzz has them.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// Runs the targets one after the other; whether none found anything.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let folder = crate::root().join("fuzz");
    let all = targets(&folder)?;
    let chosen = match &options.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => bail!("no target {target}; there are {}", all.join(", ")),
    };
    let mut clean = true;
    for target in chosen {
        let found_nothing = fuzz(&folder, &target, options.seconds)?;
        let word = if found_nothing {
            paint(Colour::Good, "ok")
        } else {
            paint(Colour::Bad, "FAILED")
        };
        say::line(format_args!("fuzz {target} ... {word}"));
        clean &= found_nothing;
    }
    Ok(clean)
}

/// Whether all targets compile: a change elsewhere breaks them unseen.
pub(crate) fn compile() -> Result<bool> {
    let cargo = cargo("check", &crate::root().join("fuzz"));
    Ok(cargo.args(["--bins", "--quiet"]).shown()?.success())
}

fn fuzz(folder: &Path, target: &str, seconds: u32) -> Result<bool> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;

    let mut cargo = cargo("run", folder).args(["--bin", target, "--"]);
    cargo = cargo.arg(format!("-max_total_time={seconds}"));
    cargo = cargo.arg(format!("-artifact_prefix={}/", artifacts.display()));
    let words = folder.join(format!("{target}.dict"));
    if words.exists() {
        cargo = cargo.arg(format!("-dict={}", words.display()));
    }
    Ok(cargo.arg(corpus).shown()?.success())
}

fn cargo(command: &str, folder: &Path) -> Run {
    let cargo = Run::cargo().dir(folder).arg(command);
    let cargo = cargo.args(["--release", "--target", TRIPLE, "--target-dir"]);
    let cargo = cargo.arg(crate::target().join("fuzz"));
    cargo.env("RUSTFLAGS", FLAGS.join(" "))
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let sources = folder.join("fuzz_targets");
    let entries =
        fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let mut targets: Vec<String> = entries
        .flatten()
        .filter_map(|entry| stem(&entry.path()))
        .collect();
    targets.sort();
    Ok(targets)
}
