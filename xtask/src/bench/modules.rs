// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench modules`: our module tools beside kmod's and busybox's,
//! on the modules of Debian's 6.12 kernel.
//!
//! All take turns, so that what else the machine does hits all of them; CPU
//! time is that of the process and its threads, and ratios are to be trusted
//! more than times.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use self::aims::Aim;
use self::cost::Cost;
use crate::run::Run;
use crate::{say, setup};

mod aims;
mod cost;
mod depmod;
mod table;

/// How it is measured, and how the figures are told.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each program does each task
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// What one program needed for one task.
struct Row {
    task: &'static str,
    program: String,
    cost: Cost,
}

/// Measures and prints; whether every aim is reached.
pub(super) fn run(options: &Options) -> Result<bool> {
    setup::run()?;
    let built = Run::cargo().args(["build", "--quiet", "--release", "--package", "umh-cli"]);
    ensure!(built.shown()?.success(), "umh-cli does not build");
    let umh = crate::target().join("release/umh");

    let mut rows = Vec::new();
    depmod::measure(&umh, options.rounds, &mut rows)?;

    let aims = aims::of(&rows);
    if options.json {
        let text = serde_json::to_string_pretty(&as_json(options.rounds, &rows, &aims))?;
        say::line(format_args!("{text}"));
    } else {
        table::print(options.rounds, &rows, &aims);
    }
    Ok(aims.iter().all(|aim| aim.reached))
}

fn as_json(rounds: usize, rows: &[Row], aims: &[Aim]) -> serde_json::Value {
    let rows = rows.iter().map(|row| {
        json!({
            "task": row.task, "program": row.program, "cpu_microseconds": row.cost.cpu,
            "wall_microseconds": row.cost.wall, "peak_kibibytes": row.cost.peak,
        })
    });
    let aims = aims.iter().map(|aim| {
        json!({
            "what": aim.what, "limit": aim.limit, "found": aim.found, "reached": aim.reached,
        })
    });
    json!({
        "rounds": rounds,
        "rows": rows.collect::<Vec<_>>(),
        "aims": aims.collect::<Vec<_>>(),
    })
}
