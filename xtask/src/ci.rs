// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask lint`: what needs no guest, and `cargo xtask ci`: all of it.

use anyhow::Result;

use crate::run::Run;
use crate::say::{self, Colour, paint};
use crate::{test, tidy};

/// Lints, then tests; whether all is well.
pub(crate) fn run() -> Result<bool> {
    let clean = lint()?;
    let passed = test::run()?;
    Ok(clean && passed)
}

/// Each check runs, whatever the others say.
pub(crate) fn lint() -> Result<bool> {
    let cargo = |name: &str, run: Run| check(name, run.shown().map(|status| status.success()));
    let clippy = Run::cargo().args(["clippy", "--workspace", "--all-targets", "--quiet"]);
    let clippy = clippy.args(["--features", test::FEATURES]);
    let doc = Run::cargo().args(["doc", "--workspace", "--no-deps", "--quiet"]);
    let doc = doc.args(["--features", test::FEATURES]);
    let fuzz = Run::cargo().args(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]);
    let results = [
        cargo("fmt", Run::cargo().args(["fmt", "--all", "--check"])),
        cargo("fmt of fuzz/", fuzz),
        cargo("clippy", clippy.args(["--", "-Dwarnings"])),
        cargo("doc", doc.env("RUSTDOCFLAGS", "-Dwarnings")),
        check("tidy", tidy::run()),
    ];
    Ok(results
        .into_iter()
        .collect::<Result<Vec<bool>>>()?
        .into_iter()
        .all(|clean| clean))
}

fn check(name: &str, result: Result<bool>) -> Result<bool> {
    let word = match &result {
        Ok(true) => paint(Colour::Good, "ok"),
        Ok(false) | Err(_) => paint(Colour::Bad, "FAILED"),
    };
    say::line(format_args!("lint {name} ... {word}"));
    result
}
