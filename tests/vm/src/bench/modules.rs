// SPDX-License-Identifier: MIT OR Apache-2.0

//! The suite `bench-modules`: what a request for a module costs, from its
//! trigger to its return, by whichever modprobe answers.
//!
//! Each finds the indexes of the whole distribution, and takes turns with the
//! others.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use umh_abi::Caller;
use umh_helper::verdict::Decision;

use super::{SETTLE, WARM_UP, now, trace, trigger};
use crate::guest::channel::Channel;
use crate::guest::{answers, module, trigger as triggers};
use crate::measured::requests::{Program, Wanted, file};
use crate::measured::{Measured, Traced};
use crate::protocol::Line;

/// The rounds that count: of instructions few are enough.
const ROUNDS: usize = 25;

/// The module that is loaded.
const MODULE: &str = "minix";

/// Measures everything, and sends one file each.
pub fn run(channel: &Channel) -> Result<()> {
    let both = |&program| Wanted::ALL.iter().map(move |&wanted| (program, wanted));
    let subjects: Vec<_> = Program::ALL.iter().flat_map(both).collect();
    for &program in Program::ALL {
        with(program, || verify(program)).with_context(|| format!("{program:?}"))?;
    }
    let mut measured = vec![Measured::default(); subjects.len()];
    for round in 0..WARM_UP + ROUNDS {
        for (measured, &(program, wanted)) in measured.iter_mut().zip(&subjects) {
            let time = with(program, || timed(wanted))?;
            if round >= WARM_UP {
                measured.times.push(time);
            }
        }
    }
    ensure!(trace::begin()?, "the kernel cannot trace");
    for (measured, &(program, wanted)) in measured.iter_mut().zip(&subjects) {
        let traced = with(program, || traced(wanted));
        measured.traced = Some(traced.with_context(|| format!("{program:?}"))?);
    }
    for (measured, &(program, wanted)) in measured.iter().zip(&subjects) {
        let bytes = measured.to_string().into_bytes();
        channel.send(&Line::File(file(program, wanted), bytes))?;
    }
    Ok(())
}

/// What `call` gives while the kernel asks `program`.
fn with<T>(program: Program, call: impl FnOnce() -> Result<T>) -> Result<T> {
    let asked = match program {
        Program::Helper => "/usr/lib/umh/modprobe",
        Program::Kmod(_) => "/sbin/modprobe",
        Program::Busybox => "/usr/lib/umh-bench/modprobe",
    };
    fs::write("/proc/sys/kernel/modprobe", asked).context("kernel.modprobe")?;
    let Some(folder) = program.folder() else {
        return call();
    };
    exchange(folder)?;
    let given = call();
    exchange(folder)?;
    given
}

/// Puts kmod, its loader and its libraries where everybody has them, and what
/// was there in their place.
fn exchange(folder: &str) -> Result<()> {
    for (part, place) in [
        ("kmod", "/usr/bin/kmod"),
        ("lib64", "/usr/lib64"),
        ("lib", "/usr/lib/x86_64-linux-gnu"),
    ] {
        let part = format!("{folder}/{part}");
        renameat_with(CWD, &part, CWD, place, RenameFlags::EXCHANGE)
            .with_context(|| format!("{part} in place of {place}"))?;
    }
    Ok(())
}

/// The time of one request.
fn timed(wanted: Wanted) -> Result<u64> {
    std::thread::sleep(SETTLE);
    let begin = now()?;
    ask(wanted);
    let time = now()? - begin;
    took_place(wanted)?;
    Ok(time)
}

fn traced(wanted: Wanted) -> Result<Traced> {
    let traced = trace::of(|| ask(wanted))?;
    took_place(wanted)?;
    Ok(traced)
}

/// Makes the kernel ask, and waits for the answer.
fn ask(wanted: Wanted) {
    match wanted {
        Wanted::Nothing => trigger(),
        Wanted::Module => triggers::mount(MODULE),
    }
}

/// That the module is there, and no longer.
fn took_place(wanted: Wanted) -> Result<()> {
    if wanted == Wanted::Module {
        ensure!(triggers::is_loaded(MODULE)?, "{MODULE} was not loaded");
        triggers::unload(MODULE);
        ensure!(!triggers::is_loaded(MODULE)?, "{MODULE} does not unload");
    }
    Ok(())
}

/// That the program does what its figures will be said to be of, and that it
/// is the one that is asked.
fn verify(program: Program) -> Result<()> {
    let before = answered()?;
    let miss = module::request_module("net-pf-9", true)?;
    ensure!(miss == 1 << 8, "a miss: the kernel was told {miss}");
    let hit = module::request_module("fs-minix", true)?;
    ensure!(hit == 0, "a hit: the kernel was told {hit}");
    took_place(Wanted::Module)?;
    let ours = answered()? - before;
    let expected = if program == Program::Helper { 2 } else { 0 };
    ensure!(ours == expected, "usermode-helper answered {ours} times");
    Ok(())
}

fn answered() -> Result<u64> {
    let totals = answers::totals()?;
    Ok(totals.map_or(0, |totals| {
        totals.calls(Some(Caller::Modprobe), Decision::Allow)
    }))
}
