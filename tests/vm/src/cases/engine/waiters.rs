// SPDX-License-Identifier: MIT OR Apache-2.0

//! Callers that are killed while they wait, and crowds.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{engine, got, modprobe_is_the_probe};
use crate::cases::Case;
use crate::guest::machine::PATIENCE;
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    engine(
        "a_killed_caller_leaves_at_once_and_the_program_goes_on",
        killed,
    ),
    engine(
        "a_caller_that_may_not_be_killed_waits_for_the_end",
        unkillable,
    ),
    engine(
        "six_hundred_requests_and_forty_killed_callers_leave_nothing",
        stress,
    ),
];

fn killed(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "sleep 3000\nexit 0")?;
    let mut caller = trigger::act(0, &["socket", "9", "1"]).spawn()?;
    let record = machine.started_first("/sbin/modprobe")?;
    let begin = Instant::now();
    caller.kill()?;
    caller.wait()?;
    let took = begin.elapsed();
    ensure!(
        took < Duration::from_secs(2),
        "the caller stayed for {took:?}"
    );

    let helper = format!("/proc/{}", record.one("pid")?);
    ensure!(
        std::path::Path::new(&helper).exists(),
        "the program went with its caller"
    );
    while std::path::Path::new(&helper).exists() {
        ensure!(begin.elapsed() < PATIENCE, "the program does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    got("the next", module::request_module("umh-next", true)?, 0)
}

/// `UMH_WAIT_PROC` alone, as most callers have it: the kill comes later.
fn unkillable(machine: &Machine) -> Result<()> {
    const PROBE: &str = "/sbin/umh-engine";
    machine.probe(PROBE)?;
    machine.order("umh-engine", "sleep 2000")?;
    let begin = Instant::now();
    let mut caller = std::process::Command::new("/bin/busybox")
        .args(["sh", "-c", r"exec 3<>/proc/umh_test; printf 'call 2 1\n/sbin/umh-engine\000/sbin/umh-engine\000' >&3"])
        .spawn()?;
    machine.started(PROBE)?;
    caller.kill()?;
    caller.wait()?;
    let took = begin.elapsed();
    ensure!(
        took >= Duration::from_secs(2),
        "the caller left after {took:?}"
    );
    Ok(())
}

/// Four crowds at once ask, while callers are killed at all moments.
fn stress(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "exit 7")?;
    let crowd = |crowd: usize| {
        std::thread::spawn(move || {
            for number in 0..150 {
                let name = format!("umh-{crowd}-{number}");
                let result = module::request_module(&name, true)?;
                got(&name, result, 7 << 8)?;
            }
            anyhow::Ok(())
        })
    };
    let crowds: Vec<_> = (0..4).map(crowd).collect();
    for number in 0..40 {
        let mut caller = trigger::act(0, &["socket", "9", "1"]).spawn()?;
        std::thread::sleep(Duration::from_millis(number * 7 % 100));
        caller.kill()?;
        caller.wait()?;
    }
    for thread in crowds {
        thread.join().ok().context("a thread panicked")??;
    }
    // Nobody is inside any more: helpers could be disabled at once.
    super::suspend::suspend("freezer").context("suspending")?;
    got(
        "the next",
        module::request_module("umh-next", true)?,
        7 << 8,
    )
}
