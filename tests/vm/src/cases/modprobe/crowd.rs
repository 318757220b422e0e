// SPDX-License-Identifier: MIT OR Apache-2.0

//! Many want modules at once.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use umh_abi::Caller;
use umh_helper::verdict::Decision;

use super::{needs_module, of_modules, unload};
use crate::cases::Case;
use crate::cases::attacks::settings::MODPROBE;
use crate::guest::kernel_log::KernelLog;
use crate::guest::umh::tool;
use crate::guest::{Machine, answers, module, trace, trigger};
use crate::protocol::Line;

pub(in crate::cases) const CASES: &[Case] = &[
    of_modules(
        "two_hundred_requests_at_once_are_answered_before_the_kernel_gives_up",
        misses,
    ),
    of_modules("thirty_two_requests_of_a_module_load_it_once", requests),
    of_modules("thirty_two_processes_load_a_module_once", processes),
];

/// With what it needs: users before what they use.
const BRIDGE: &[&str] = &["bridge", "stp", "llc"];

/// How many want the same module.
const CROWD: usize = 32;

/// The kernel lets 50 run at once, and lets each of the others wait for five
/// seconds (`kernel/module/kmod.c`).
fn misses(machine: &Machine) -> Result<()> {
    needs_module()?;
    let mut ours = storm()?;
    for _ in 0..2 {
        if ours.turned_away > 0 {
            // Five seconds of a busy host may be half a second here.
            machine.begin()?;
            ours = storm()?;
        }
    }
    let counted = answers::totals()?.map_or(0, |totals| {
        totals.calls(Some(Caller::Modprobe), Decision::Allow)
    });
    ensure!(
        ours.turned_away == 0 && ours.lines.is_empty() && counted == 200,
        "{counted} answers: {ours:?}"
    );
    machine.set(MODPROBE, "/sbin/modprobe")?;
    let kmods = storm()?;
    machine.tell(&Line::Note(format!(
        "200 misses at once: {:.1?} and no one turned away; kmod {:.1?} and {} turned away",
        ours.took, kmods.took, kmods.turned_away
    )))
}

/// What became of 200 requests.
#[derive(Debug)]
struct Storm {
    took: Duration,
    /// Those that the kernel told to go.
    turned_away: usize,
    /// What the kernel said of it, which it does not say each time.
    lines: Vec<String>,
}

fn storm() -> Result<Storm> {
    /// `ETIME`.
    const TURNED_AWAY: i64 = -62;
    let log = KernelLog::follow()?;
    let begin = Instant::now();
    let results = at_once(200, |number| {
        module::request_module(&format!("umh-miss-{number}"), true)
    })?;
    let took = begin.elapsed();
    for result in &results {
        ensure!(
            [TURNED_AWAY, 1 << 8].contains(result),
            "a caller got {result}"
        );
    }
    let lines = log.entries()?.into_iter().map(|entry| entry.text);
    Ok(Storm {
        took,
        turned_away: results.iter().filter(|it| **it == TURNED_AWAY).count(),
        lines: lines.filter(|text| text.contains("kmod busy")).collect(),
    })
}

fn requests(_: &Machine) -> Result<()> {
    needs_module()?;
    load_once(|| match module::request_module("bridge", true)? {
        0 => Ok(()),
        other => Err(anyhow!("a caller got {other}")),
    })
}

fn processes(_: &Machine) -> Result<()> {
    load_once(|| tool(&["modprobe", "bridge"])?.ended(0).map(drop))
}

/// That `ask` never fails and bridge is loaded once, with what it needs. Two
/// rounds: in the second one its files are in memory.
fn load_once(ask: impl Fn() -> Result<()> + Sync) -> Result<()> {
    ensure!(trace::choose("module:module_load")?, "no tracepoints");
    for _ in 0..2 {
        unload(&["llc2"])?;
        unload(BRIDGE)?;
        let (_, events) = trace::of(|| at_once(CROWD, |_| ask()))?;
        let loads = events
            .iter()
            .filter_map(|event| event.text.strip_prefix("module_load: "));
        let mut loads: Vec<_> = loads.filter_map(|text| text.split(' ').next()).collect();
        loads.sort_unstable();
        ensure!(loads == ["bridge", "llc", "stp"], "{loads:?}");
        for module in BRIDGE {
            ensure!(trigger::is_loaded(module)?, "{module} is not there");
        }
    }
    unload(BRIDGE)
}

/// What `ask` gives to each of so many threads that begin at the same time.
fn at_once<T: Send>(count: usize, ask: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let (barrier, ask) = (&Barrier::new(count), &ask);
    let one = |number| {
        barrier.wait();
        ask(number)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || one(number)))
            .collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ends.map(|end| end.map_err(|_panic| anyhow!("a thread panicked"))?)
            .collect()
    })
}
