// SPDX-License-Identifier: MIT OR Apache-2.0

//! A name looked up by hand, and what modules say of themselves. Nothing is
//! loaded: `modprobe -n` does all but that, in a copy of the tree.
//!
//! busybox's tools know no other kernel's modules than those of the running
//! one: they take part in guests.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result};

use super::cost::Cost;
use super::depmod::OURS;
use super::{Bench, Row};
use crate::run::Run;
use crate::say;
use crate::trees::{Form, Tree, files};

/// The tasks, for those who look for their rows.
pub(super) const NAME: &str = "modprobe, by name";
pub(super) const PCI: &str = "modprobe, PCI alias";
pub(super) const USB: &str = "modprobe, USB alias";
pub(super) const ACPI: &str = "modprobe, ACPI alias";
pub(super) const TREE: &str = "modprobe, of: alias";
pub(super) const MISS: &str = "modprobe, nobody has it";
const CONFIG: &str = "modprobe -c";
const INFO: &str = "modinfo of all modules";

/// What is looked up.
pub(super) const NAMES: &[(&str, &str)] = &[
    (NAME, "btrfs"),
    (PCI, "pci:v00008086d00001572sv00008086sd00000001bc02sc00i00"),
    (USB, "usb:v0781p5567d0100dc00dsc00dp00ic08isc06ip50in00"),
    (ACPI, "acpi:ACPI0003:PNP0000:"),
    (TREE, "of:NledsT(null)Cgpio-leds"),
    (MISS, "no-such-module"),
];

/// How many lookups make one round.
const EACH: usize = 10;

/// Measures all tasks.
pub(super) fn measure(bench: &Bench<'_>, rows: &mut Vec<Row>) -> Result<()> {
    let scratch = crate::target().join("bench-modules");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    fs::create_dir_all(&scratch)?;
    let tree = Tree::of(bench.cache, Form::Raw)?.copy(&scratch)?;
    let depmod = Run::new(bench.umh).args(["depmod", "-C", "/dev/null", "-b"]);
    depmod.arg(&scratch).arg(&tree.release).read()?;

    let modprobe = |words: &[&str]| {
        let place = ["-d".into(), scratch.clone().into(), "-S".into()];
        let words = words.iter().map(OsString::from);
        let words = place
            .into_iter()
            .chain([tree.release.clone().into()])
            .chain(words);
        words.collect::<Vec<_>>()
    };
    say::step("look names up", || {
        for (task, name) in NAMES {
            let words = modprobe(&["-q", "-n", "--", name]);
            bench.all(task, "modprobe", &words, EACH, rows)?;
        }
        bench.all(CONFIG, "modprobe", &modprobe(&["-c"]), 1, rows)
    })?;
    say::step(INFO, || {
        let files = files(&tree.modules())?.into_iter().map(OsString::from);
        let modules = files.filter(|file| file.to_string_lossy().ends_with(".ko"));
        bench.all(INFO, "modinfo", &modules.collect::<Vec<_>>(), 1, rows)
    })?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

impl Bench<'_> {
    /// One task by all programs in turn.
    fn all(
        &self,
        task: &'static str,
        tool: &str,
        words: &[OsString],
        each: usize,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let ours = || Run::new(self.umh).arg(tool);
        let mut programs: Vec<(String, Box<dyn Fn() -> Run + '_>)> =
            vec![(OURS.to_owned(), Box::new(ours))];
        for kmod in &self.kmods {
            let name = format!("kmod {}", kmod.version);
            programs.push((name, Box::new(|| kmod.run(tool))));
        }

        // First what a watcher tells, which also brings into memory what is read.
        let watch = |run: &dyn Fn() -> Run| -> Result<_> {
            Ok((calls(run().args(words))?, peak(run().args(words))?))
        };
        let watched = programs.iter().map(|(_, run)| watch(run));
        let watched = watched.collect::<Result<Vec<_>>>()?;
        let mut costs = vec![Vec::new(); programs.len()];
        for _ in 0..self.rounds * each {
            for ((_, run), costs) in programs.iter().zip(&mut costs) {
                let run = run().args(words);
                costs.push(match task {
                    MISS => Cost::of_failure(run)?,
                    _ => Cost::of(run)?,
                });
            }
        }
        for (((program, _), costs), (calls, peak)) in programs.into_iter().zip(costs).zip(watched) {
            let cost = Cost {
                calls: Some(calls),
                peak,
                ..Cost::median(&costs)
            };
            rows.push(Row {
                task,
                program,
                cost,
            });
        }
        Ok(())
    }
}

/// The most KiB of a program, started by a small one: from the program that
/// starts it, a process has its first peak.
fn peak(run: Run) -> Result<u64> {
    let text = told_by(&["time", "-f", "%M", "-o"], run)?;
    let peak = text.lines().last().and_then(|line| line.parse().ok());
    peak.with_context(|| format!("time(1) tells no peak:\n{text}"))
}

/// How many system calls a program makes, its start among them.
fn calls(run: Run) -> Result<u64> {
    let text = told_by(&["strace", "-f", "-c", "-o"], run)?;
    // `100.00    0.001    10    66    2 total`; without errors there is no 2.
    let total = text.lines().find(|line| line.ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    calls.with_context(|| format!("strace tells no total:\n{text}"))
}

/// What `watcher` writes about a run into the file that its last word asks for.
fn told_by(watcher: &[&str], run: Run) -> Result<String> {
    let [name, words @ ..] = watcher else {
        return Ok(String::new());
    };
    let told = crate::target().join("bench-modules/told");
    let command = run.into_command();
    let run = Run::new(name).args(words).arg(&told);
    let run = run.arg(command.get_program()).args(command.get_args());
    let output = run.into_command().output();
    output.with_context(|| format!("cannot run {name}"))?;
    fs::read_to_string(&told).with_context(|| format!("{name} tells nothing"))
}
