// SPDX-License-Identifier: MIT OR Apache-2.0

//! A core too large to be kept anywhere in the guest (row 11).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{HANDLER, PATTERN, pattern};
use crate::guest::{Machine, trigger};

/// What a sparse core is made of, once and for all too large for a pipe, for
/// the guest's memory and for its `/run`.
const SPARSE: u32 = 1024;

/// A crash with a sparse core, whose size the kernel would refuse at once to
/// a process that asks for more memory than there is.
fn setting(machine: &Machine, orders: &str) -> Result<()> {
    machine.probe(HANDLER)?;
    machine.order("systemd-coredump", orders)?;
    machine.set(PATTERN, pattern(machine))?;
    machine.set("/proc/sys/kernel/core_pipe_limit", "4")?;
    machine.set("/proc/sys/vm/overcommit_memory", "1")
}

pub(super) fn whole(machine: &Machine) -> Result<()> {
    setting(machine, "measure")?;
    trigger::crash_sparse("umh-crash", SPARSE)?;
    let answer = machine.answer()?;
    ensure!(answer.end == "exited 0", "{answer:?}");
    let record = machine.started(HANDLER)?;
    let numbers: Result<Vec<u64>, _> = record.one("measured")?.split(' ').map(str::parse).collect();
    let [bytes, promised, marks, filled] = *numbers? else {
        anyhow::bail!("{:?}", record.lines);
    };
    ensure!(
        bytes == promised && bytes > u64::from(SPARSE) << 20,
        "{bytes} bytes of a core of {promised}"
    );
    // The mark in its constant, in a read-only page of the program's file, is
    // left out of cores.
    ensure!(marks == 1, "the mark is there {marks} times");
    ensure!(filled < 4096, "{filled} pages are not zero");
    Ok(())
}

/// Killed when it has read nothing, something, and a lot.
pub(super) fn killed_midway(machine: &Machine) -> Result<()> {
    for bytes in [0, 100_000, 64 << 20] {
        machine.begin()?;
        setting(machine, &format!("read {bytes}\nsleep 60000"))?;
        let crash =
            std::thread::spawn(|| (trigger::crash_sparse("umh-crash", SPARSE), Instant::now()));
        let record = machine.started(HANDLER)?;
        ensure!(
            record.one("read")? == bytes.to_string(),
            "{:?}",
            record.lines
        );
        let pid = record.one("pid")?.parse().ok();
        let pid = pid
            .and_then(rustix::process::Pid::from_raw)
            .context("a pid")?;
        ensure!(
            !crash.is_finished(),
            "the process did not wait for its core"
        );
        let killed = Instant::now();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        let (crashed, died) = crash.join().ok().context("the crashing thread panicked")?;
        crashed?;
        let held = died.saturating_duration_since(killed);
        ensure!(
            held < Duration::from_secs(1),
            "after {bytes} bytes: {held:?}"
        );
        ensure!(
            machine.answer()?.end == "killed 9",
            "{:?}",
            machine.answer()?
        );
        machine.end()?;
    }
    Ok(())
}
