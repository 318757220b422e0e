// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask demo`: a real kernel calls, `usermode-helper` answers.
//!
//! A live table of the calls as the guest sees them answered, attacks and
//! their refusal, and a summary. Fails when an expected call had no answer.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use umh_vm::plan::{Boot, Kernel, Suite};
use umh_vm::protocol::Line;

use crate::demo::table::Row;
use crate::say::{self, Colour, paint};
use crate::setup;
use crate::vm::report::{Report, Verdict};
use crate::vm::rig::{Rig, Seen};

mod table;

/// How much is shown.
#[derive(Args)]
pub(crate) struct Options {
    /// Boot Debian's own kernel only
    #[arg(long)]
    quick: bool,
}

/// Boots and shows; whether every expected call was answered.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let begin = Instant::now();
    setup::run()?;
    let rig = Rig::new()?;
    let mut shown = Vec::new();
    for &kernel in Suite::Demo.kernels() {
        if options.quick && kernel.has_option() {
            continue;
        }
        let boot = Boot::of(kernel, Suite::Demo);
        shown.push((kernel, show(&rig, &boot)?));
    }
    Ok(summary(&shown, begin.elapsed()))
}

/// One boot, live.
fn show(rig: &Rig, boot: &Boot) -> Result<Report> {
    let release = &rig.files(boot.kernel)?.release;
    let title = format!("{} (Linux {release})", boot.kernel.name());
    say::line(format_args!(
        "\n{}: {}",
        paint(Colour::Strong, &title),
        way(boot.kernel)
    ));
    let mut attacked = false;
    rig.boot(boot, |seen| match seen {
        Seen::Line(Line::Call(pairs)) => {
            let row = Row::new(pairs);
            if row.attack().is_some() && !attacked {
                attacked = true;
                say::line(format_args!("\n{}", paint(Colour::Strong, "attacks")));
            }
            say::line(format_args!("{row}"));
        }
        Seen::Line(Line::Begin(_)) => {
            say::line(format_args!("{}", paint(Colour::Dim, &table::heading())));
        }
        Seen::Line(Line::Note(text)) => say::line(format_args!("{}", paint(Colour::Dim, text))),
        _ => {}
    })
}

fn way(kernel: Kernel) -> &'static str {
    if kernel.has_option() {
        "CONFIG_STATIC_USERMODEHELPER, so every call comes to usermode-helper"
    } else {
        "Debian's own, whose settings name usermode-helper"
    }
}

fn summary(shown: &[(Kernel, Report)], time: Duration) -> bool {
    let mut well = true;
    say::line(format_args!("\n{}", paint(Colour::Strong, "summary")));
    for (kernel, report) in shown {
        let rows: Vec<Row<'_>> = report.calls.iter().map(|pairs| Row::new(pairs)).collect();
        let (attacks, calls): (Vec<&Row<'_>>, Vec<_>) =
            rows.iter().partition(|row| row.attack().is_some());
        let refused = attacks.iter().filter(|row| row.is_denied()).count();
        let mut times: Vec<u64> = calls.iter().filter_map(|row| row.microseconds()).collect();
        times.sort_unstable();
        let median = times
            .get(times.len() / 2)
            .map_or("-".into(), |time| table::time(*time));
        say::line(format_args!(
            "  {:<12} {} calls answered, median {median}; {refused} of {} attacks refused",
            kernel.name(),
            calls.len(),
            attacks.len(),
        ));
        well &= !calls.is_empty() && refused == attacks.len();
        for case in &report.cases {
            if let Verdict::Failed(reason) = &case.verdict {
                well = false;
                let reason = reason.replace('\n', "\n      ");
                say::line(format_args!(
                    "    {} {}: {reason}",
                    paint(Colour::Bad, "NOT ANSWERED"),
                    case.name
                ));
            }
        }
    }
    say::line(format_args!(
        "  times are those of an emulated processor; {:.0} s in all",
        time.as_secs_f64()
    ));
    let (colour, word) = if well {
        (Colour::Good, "every expected call was answered")
    } else {
        (Colour::Bad, "not every expected call was answered")
    };
    say::line(format_args!("  {}", paint(colour, word)));
    well
}
