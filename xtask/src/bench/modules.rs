// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench modules`: our module tools beside kmod's and busybox's,
//! on the modules of Debian's 6.12 kernel; and in a guest what each costs the
//! kernel that asks for a module.
//!
//! All take turns, so that what else the machine does hits all of them; CPU
//! time is that of the process and its threads, and ratios are to be trusted
//! more than times.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::json;

use self::aims::Aim;
use self::cost::Cost;
use self::native::Native;
use self::requests::Requests;
use crate::cache::Cache;
use crate::kmod::Kmod;
use crate::run::Run;
use crate::vm::programs::TARGET;
use crate::{say, setup};

mod aims;
mod cost;
mod depmod;
mod floor;
mod lookups;
mod native;
mod requests;
mod table;

/// How it is measured, and how the figures are told.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this part
    #[arg(long)]
    part: Option<Part>,
    /// How often each program does each task
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Where the programs run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// On this machine, as people start them
    Tools,
    /// Of these only names, by people's tools and as a kernel asks
    Lookups,
    /// In a guest, as its kernel starts them
    Requests,
}

/// The programs, what they are tried on, and how often.
struct Bench<'a> {
    umh: &'a Path,
    kmods: [Kmod; 2],
    /// Where trees of modules are.
    cache: &'a Cache,
    rounds: usize,
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
    let wanted = |part| options.part.is_none_or(|only| only == part);
    let of_tools = wanted(Part::Tools);
    let requests = wanted(Part::Requests).then(Requests::take).transpose()?;
    let (mut rows, mut aims, mut native) = (Vec::new(), Vec::new(), None);
    if of_tools || wanted(Part::Lookups) {
        // As it is installed.
        let built = Run::cargo().args(["umh", "--quiet"]);
        ensure!(built.shown()?.success(), "umh-cli does not build");
        let umh = crate::target().join(TARGET).join("release/umh");
        let cache = &Cache::open()?;
        let bench = Bench {
            umh: &umh,
            kmods: [Kmod::of(cache, "trixie")?, Kmod::of(cache, "bookworm")?],
            cache,
            rounds: options.rounds,
        };
        if of_tools {
            depmod::measure(&bench, &mut rows)?;
        }
        lookups::measure(&bench, &mut rows)?;
        aims = aims::of(&rows);
        native = Native::measure(&umh, options.rounds)
            .inspect_err(|error| say::progress(format_args!("not as the kernel: {error:#}")))
            .ok();
        aims.extend(native.iter().flat_map(Native::aims));
    }
    aims.extend(requests.as_ref().and_then(Requests::aim));

    if options.json {
        let text = as_json(options.rounds, &rows, (&requests, &native), &aims);
        say::line(format_args!("{}", serde_json::to_string_pretty(&text)?));
        return Ok(aims.iter().all(|aim| aim.reached));
    }
    if let Some(requests) = &requests {
        requests.print();
    }
    if !rows.is_empty() {
        table::print(options.rounds, &rows);
        if let Some(native) = &native {
            native.print();
        }
    }
    table::print_aims(&aims);
    Ok(aims.iter().all(|aim| aim.reached))
}

fn as_json(
    rounds: usize,
    rows: &[Row],
    (requests, native): (&Option<Requests>, &Option<Native>),
    aims: &[Aim],
) -> serde_json::Value {
    let rows = rows.iter().map(|row| {
        json!({
            "task": row.task, "program": row.program, "cpu_microseconds": row.cost.cpu,
            "wall_microseconds": row.cost.wall, "peak_kibibytes": row.cost.peak,
            "system_calls": row.cost.calls,
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
        "requests": requests.as_ref().map(Requests::as_json),
        "native": native.as_ref().map(Native::as_json),
        "aims": aims.collect::<Vec<_>>(),
    })
}
