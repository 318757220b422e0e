// SPDX-License-Identifier: MIT OR Apache-2.0

//! `conform`: any module tool against the cases, ours against Debian's.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use clap::{Args, Parser};
use umh_conform::bless::bless;
use umh_conform::case::Case;
use umh_conform::cases::{self, Bench, End, Verdict};
use umh_conform::difference::Differences;
use umh_conform::differential::{Differential, program::Program};
use umh_conform::fuzz::Fuzz;
use umh_conform::subject::Subject;

/// Holds module tools against cases, and ours against another.
#[derive(Parser)]
#[command(name = "conform", version)]
enum Command {
    /// Hold one program against the cases
    Cases(Cases),
    /// Hold ours against another on all of a kernel's modules
    Differential(DifferentialOptions),
    /// Give a program damaged input, many times
    Fuzz(FuzzOptions),
}

#[derive(Args)]
struct FuzzOptions {
    /// The program
    #[arg(long)]
    bin: PathBuf,
    /// What makes the indexes that are damaged
    #[arg(long, default_value = "/sbin/depmod")]
    depmod: PathBuf,
    /// Which inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Where inputs go that the program fails by
    #[arg(long, default_value = "target/conform-fuzz")]
    kept: PathBuf,
}

#[derive(Args)]
struct DifferentialOptions {
    /// Ours
    #[arg(long)]
    ours: PathBuf,
    /// The other
    #[arg(long)]
    reference: PathBuf,
    /// A folder of the other's libraries, instead of this machine's
    #[arg(long)]
    libraries: Vec<PathBuf>,
    /// What is above `lib/modules`; more of them in other forms
    #[arg(long, required = true)]
    tree: Vec<PathBuf>,
    /// The same in a form that the other cannot read
    #[arg(long)]
    gzip_tree: Option<PathBuf>,
    /// The kernel
    #[arg(long)]
    release: String,
    /// One name of so many is looked up
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Where files may be linked to from the trees
    #[arg(long)]
    scratch: PathBuf,
}

#[derive(Args)]
struct Cases {
    /// The program, which is each of the tools by its name
    #[arg(long)]
    bin: PathBuf,
    /// A folder of its libraries, instead of this machine's
    #[arg(long)]
    libraries: Vec<PathBuf>,
    /// Who it is in the list of differences
    #[arg(long = "as", default_value = "other")]
    name: String,
    /// What makes the indexes of the cases' trees
    #[arg(long, default_value = "/sbin/depmod")]
    depmod: PathBuf,
    /// The cases
    #[arg(long, default_value = cases::DIRECTORY)]
    cases: PathBuf,
    /// The list of what may differ
    #[arg(long, default_value = cases::DIFFERENCES)]
    differences: PathBuf,
    /// Write what came of the runs into the cases
    #[arg(long)]
    bless: bool,
    /// Name the runs that differ as allowed, too
    #[arg(long, short)]
    verbose: bool,
    /// Only runs with one of these in their names
    names: Vec<String>,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Cases(options) => hold(&options),
        Command::Differential(options) => differential(options),
        Command::Fuzz(options) => fuzz(options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "conform: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn hold(options: &Cases) -> Result<bool> {
    let all = Case::all(&options.cases)?;
    let bench = Bench {
        subject: Subject::new(&options.name, &options.bin, &options.libraries)?,
        depmod: options.depmod.clone(),
        differences: Differences::read(&options.differences)?,
    };
    let runs = all
        .iter()
        .flat_map(|case| case.run.iter().map(|run| case.full_name(run)));
    let runs: Vec<String> = runs.collect();
    let unknown = bench.differences.unknown(&runs);
    ensure!(
        unknown.is_empty(),
        "differences of no run: {}",
        unknown.join(", ")
    );
    if options.bless {
        for case in &all {
            if options
                .names
                .iter()
                .any(|name| case.name.contains(name.as_str()))
            {
                bless(&bench, case, &options.cases)?;
            }
        }
        return Ok(true);
    }

    let (passed, differ, failed) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    bench.hold(&all, &options.names, |verdict| {
        let counter = match verdict.end {
            End::Passed => &passed,
            End::Differs(_) => &differ,
            End::NoLongerDiffers(_) | End::Failed(_) => &failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if options.verbose || !matches!(verdict.end, End::Differs(_)) {
            show(&options.name, &verdict);
        }
    })?;
    let [passed, differ, failed] = [passed, differ, failed].map(AtomicUsize::into_inner);
    ensure!(passed + differ + failed > 0, "no run has such a name");
    let _ = writeln!(
        io::stdout(),
        "{}: {passed} passed, {differ} differ as allowed, {failed} failed",
        options.name
    );
    Ok(failed == 0)
}

fn differential(options: DifferentialOptions) -> Result<bool> {
    let differential = Differential {
        ours: Program::new(&options.ours, &[])?,
        reference: Program::new(&options.reference, &options.libraries)?,
        trees: options.tree,
        gzip_tree: options.gzip_tree,
        release: options.release,
        every: options.every,
        scratch: options.scratch,
    };
    let mut clean = true;
    differential.run(|tally| {
        let (what, compared, allowed) = (&tally.what, tally.compared, tally.allowed);
        let mut text = format!("{what}: {compared} compared, {} differ", tally.differ.len());
        if allowed > 0 {
            text += &format!(", {allowed} as allowed (kmod-project/kmod#33)");
        }
        for line in tally.differ.iter().take(20) {
            text += &format!("\n    {line}");
        }
        let _ = writeln!(io::stdout(), "{text}");
        clean &= tally.differ.is_empty();
    })?;
    Ok(clean)
}

fn fuzz(options: FuzzOptions) -> Result<bool> {
    let fuzz = Fuzz {
        subject: Subject::new("other", &options.bin, &[])?,
        depmod: options.depmod,
        seed: options.seed,
        first: options.first,
        count: options.count,
        kept: options.kept,
    };
    let mut clean = true;
    for (what, tally) in fuzz.run()? {
        let mut text = format!(
            "damaged {what}: {} runs, {} refused, at most {} ms and {} MiB, {} faults",
            tally.runs,
            tally.refused,
            tally.time.as_millis(),
            tally.memory >> 20,
            tally.faults.len()
        );
        for fault in tally.faults.iter().take(20) {
            text += &format!("\n    {fault}");
        }
        let _ = writeln!(io::stdout(), "{text}");
        clean &= tally.faults.is_empty();
    }
    if !clean {
        let _ = writeln!(
            io::stdout(),
            "what they failed by is in {}",
            fuzz.kept.display()
        );
    }
    Ok(clean)
}

fn show(subject: &str, verdict: &Verdict) {
    let mut text = match &verdict.end {
        End::Passed => return,
        End::Differs(why) => format!("conform {subject} {} ... differs ({why})\n", verdict.run),
        End::NoLongerDiffers(why) => format!(
            "conform {subject} {} ... FAILED\n    it passes; strike out the difference: {why}\n",
            verdict.run
        ),
        End::Failed(_) => format!("conform {subject} {} ... FAILED\n", verdict.run),
    };
    if let End::Failed(faults) = &verdict.end {
        for fault in faults {
            text += &format!("    {fault}\n");
        }
    }
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
