// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask vm`: suites of `tests/vm` in booted kernels.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use umh_vm::plan::{Boot, Kernel, Suite};
use umh_vm::protocol::Line;

use crate::say::{self, Colour, paint};
use crate::setup;
use crate::vm::report::{Case, Report, Verdict};
use crate::vm::rig::{Rig, Seen};

mod accelerator;
mod compare;
mod guest;
mod image;
mod initramfs;
pub(crate) mod libraries;
mod modules;
mod newc;
pub(crate) mod programs;
mod qemu;
pub(crate) mod report;
pub(crate) mod rig;
mod romfs;
mod system;
mod uml;

/// Which guests boot, and how.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this kernel
    #[arg(long, value_parser = kernel_named)]
    kernel: Vec<Kernel>,
    /// Only this suite
    #[arg(long, value_parser = suite_named)]
    suite: Vec<Suite>,
    /// Only cases with this in their names
    #[arg(long)]
    case: Option<String>,
    /// Show the guest's console as it comes
    #[arg(long)]
    console: bool,
    /// List the boots, and start none
    #[arg(long)]
    list: bool,
    /// Write the calls of the capture suite to the test vectors of umh-abi
    #[arg(long)]
    capture: bool,
    /// Also what `cargo xtask test` leaves out: the same on more kernels,
    /// Linux's own firmware tests
    #[arg(long)]
    full: bool,
    /// Hold the kernel with kernel/ in it against the same one in C, case by
    /// case
    #[arg(long)]
    compare: bool,
}

/// Boots what is asked for; whether all is well.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let boots: Vec<Boot> = Boot::all().filter(|boot| options.wants(boot)).collect();
    ensure!(
        !boots.is_empty(),
        "no boot is of that kernel and suite; see --list"
    );
    if options.list {
        for boot in boots {
            say::line(format_args!("{} {}", boot.kernel.name(), boot.suite.name()));
        }
        return Ok(true);
    }

    setup::run()?;
    let mut rig = Rig::new()?;
    rig.case.clone_from(&options.case);
    rig.show_console = options.console;
    if options.compare {
        return compare::run(&rig, &options.kernel, &options.suite);
    }
    let mut count = Count::default();
    for boot in boots {
        let report = test(&rig, &boot, &mut count)?;
        if options.capture {
            write_vectors(&report)?;
        }
    }
    if let (Some(case), 0) = (&options.case, count.passed + count.failed + count.skipped) {
        bail!("no case of these boots has \"{case}\" in its name");
    }
    say::line(format_args!("{count}"));
    Ok(count.failed == 0)
}

/// How many cases went how.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs one boot, prints each of its cases and adds to `count`.
pub(crate) fn test(rig: &Rig, boot: &Boot, count: &mut Count) -> Result<Report> {
    let baseline = match boot.baseline() {
        None => None,
        // What it cannot do says little of umh, unless it does not boot.
        Some(baseline) => Some(rig.boot(&baseline, |seen| match seen {
            Seen::Case(case) if matches!(case.verdict, Verdict::Failed(_)) => {
                count.tell(&baseline, case);
            }
            _ => {}
        })?),
    };
    let report = rig.boot(boot, |seen| match seen {
        Seen::Line(Line::Note(text)) => say::line(format_args!("note {text}")),
        Seen::Line(_) => {}
        Seen::Case(case) => count.tell(boot, case),
    })?;
    for case in baseline.map_or_else(Vec::new, |baseline| system::compare(&baseline, &report)) {
        count.tell(boot, &case);
    }
    Ok(report)
}

impl Count {
    /// Prints a case and adds it.
    fn tell(&mut self, boot: &Boot, case: &Case) {
        let verdict = match &case.verdict {
            Verdict::Passed { milliseconds } => {
                self.passed += 1;
                format!("{} ({milliseconds} ms)", paint(Colour::Good, "ok"))
            }
            Verdict::Skipped(reason) => {
                self.skipped += 1;
                format!("skipped: {reason}")
            }
            Verdict::Failed(reason) => {
                self.failed += 1;
                let reason = reason.replace('\n', "\n    ");
                format!("{}\n    {reason}", paint(Colour::Bad, "FAILED"))
            }
        };
        let (kernel, suite) = (boot.kernel.name(), boot.suite.name());
        say::line(format_args!(
            "test {kernel}/{suite}/{} ... {verdict}",
            case.name
        ));
    }
}

/// The kernel that a person names.
pub(crate) fn kernel_named(name: &str) -> Result<Kernel, String> {
    let names: Vec<_> = Kernel::ALL.iter().map(|kernel| kernel.name()).collect();
    Kernel::named(name).ok_or_else(|| format!("the kernels are {}", names.join(", ")))
}

fn suite_named(name: &str) -> Result<Suite, String> {
    let names: Vec<_> = Suite::ALL.iter().map(|suite| suite.name()).collect();
    Suite::named(name).ok_or_else(|| format!("the suites are {}", names.join(", ")))
}

impl Options {
    fn wants(&self, boot: &Boot) -> bool {
        let suite = match self.suite.as_slice() {
            [] if self.capture => boot.suite.is_capture(),
            [] if self.list => true,
            // Who names a kernel wants all that it has.
            [] if self.full || !self.kernel.is_empty() => boot.suite.is_test(),
            [] => boot.is_test(),
            named => named.contains(&boot.suite),
        };
        suite && (self.kernel.is_empty() || self.kernel.contains(&boot.kernel))
    }
}

/// Puts what a guest captured beside the tests that read it.
fn write_vectors(report: &Report) -> Result<()> {
    let folder = crate::root().join("crates/umh-abi/tests/vectors");
    for (name, contents) in &report.files {
        let inside = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !inside {
            bail!(
                "the guest names a file outside of {}: {name}",
                folder.display()
            );
        }
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
        say::line(format_args!("wrote {}", path.display()));
    }
    Ok(())
}
