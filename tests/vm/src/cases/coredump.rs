// SPDX-License-Identifier: MIT OR Apache-2.0

//! A process crashed and `core_pattern` names a pipe.

mod sparse;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{Case, on_all, on_option};
use crate::guest::{Machine, trigger};
use crate::plan::Kernel;
use crate::probe::{STORED, core::promised};

pub(super) const CASES: &[Case] = &[
    on_all(
        "attack_11_a_core_of_any_size_reaches_its_handler_whole_with_the_pidfd",
        whole_cores,
    ),
    on_all(
        "attack_11_a_core_handler_that_stops_reading_does_not_hold_the_dying_process",
        stops_reading,
    ),
    on_all(
        "a_core_for_a_missing_handler_is_recorded_and_the_process_dies",
        missing,
    ),
    on_all(
        "attack_11_a_core_handler_that_is_killed_does_not_hold_the_dying_process",
        killed,
    ),
    on_option(
        "attack_11_a_sparse_core_of_one_gibibyte_reaches_its_handler_whole",
        sparse::whole,
    ),
    on_option(
        "attack_11_a_dying_process_is_gone_within_a_second_of_its_handler",
        sparse::killed_midway,
    ),
];

/// The handler that the compiled-in rule knows.
pub(super) const HANDLER: &str = "/usr/lib/systemd/systemd-coredump";

pub(super) const PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// Mebibytes that the crashing process fills, far more than a pipe holds.
const MEBIBYTES: u32 = 24;

/// The pattern by which a crash reaches us.
pub(super) fn pattern(machine: &Machine) -> String {
    let program = if machine.kernel.has_option() {
        HANDLER
    } else {
        "/usr/lib/umh/core"
    };
    pattern_of(program, machine.kernel)
}

/// systemd's own pattern. `%F` came with 6.16, and with 6.12 stable.
pub(super) fn pattern_of(program: &str, kernel: Kernel) -> String {
    let pidfd = if kernel == Kernel::Stock61 { "" } else { " %F" };
    format!("|{program} %P %u %g %s %t %c %h %d{pidfd}")
}

fn whole_cores(machine: &Machine) -> Result<()> {
    for mebibytes in [0, 1, MEBIBYTES] {
        machine.begin()?;
        whole_core(machine, mebibytes)?;
        machine.end()?;
    }
    Ok(())
}

fn whole_core(machine: &Machine, mebibytes: u32) -> Result<()> {
    machine.probe(HANDLER)?;
    machine.order("systemd-coredump", "store")?;
    machine.set(PATTERN, pattern(machine))?;
    machine.set("/proc/sys/kernel/core_pipe_limit", "4")?;
    let pid = trigger::crash("umh-crash", mebibytes)?;

    // core_pipe_limit makes the dying process wait for its handler's end.
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "coredump" && answer.decision == "allow",
        "{answer:?}"
    );
    ensure!(answer.end == "exited 0", "{answer:?}");
    let record = machine.started(HANDLER)?;
    ensure!(record.words("env").is_empty(), "{:?}", record.words("env"));
    ensure!(
        record.all("fd").first() == Some(&"0 pipe"),
        "{:?}",
        record.all("fd")
    );
    ensure!(record.one("rlimit-core")? == "1 1", "{:?}", record.lines);
    let words = record.words("argv");
    ensure!(
        words
            .get(1)
            .is_some_and(|word| *word == pid.to_string().into_bytes()),
        "{words:?}"
    );
    ensure!(words.get(4).is_some_and(|word| word == b"6"), "{words:?}");
    if machine.kernel != Kernel::Stock61 {
        ensure!(
            record.all("fd").contains(&"3 pidfd"),
            "{:?}",
            record.all("fd")
        );
        ensure!(
            record.one("pidfd")? == pid.to_string(),
            "{:?}",
            record.lines
        );
    }

    let core = std::fs::read(STORED).context("the stored core")?;
    ensure!(
        record.one("stored")? == core.len().to_string(),
        "{:?}",
        record.lines
    );
    is_whole(&core, mebibytes)
}

/// All that the program headers promise is there, and so is the memory that
/// the process had filled.
fn is_whole(core: &[u8], mebibytes: u32) -> Result<()> {
    let end = promised(core).context("the ELF headers are cut")?;
    ensure!(
        end == u64::try_from(core.len())?,
        "{} bytes of a core of {end}",
        core.len()
    );
    let filled: Vec<u8> = (0..251).collect();
    let pattern: Vec<u8> = filled.iter().copied().cycle().take(1 << 20).collect();
    let found = core
        .chunks_exact(4096)
        .filter(|page| pattern.windows(page.len()).take(251).any(|at| at == *page));
    let (found, pages) = (found.count(), usize::try_from(mebibytes)? * 256);
    // The allocation does not begin on a page.
    ensure!(
        found + 2 >= pages,
        "{found} of the {pages} filled pages are in the core"
    );
    Ok(())
}

fn stops_reading(machine: &Machine) -> Result<()> {
    machine.probe(HANDLER)?;
    machine.order("systemd-coredump", "read 65536")?;
    machine.set(PATTERN, pattern(machine))?;
    let begin = Instant::now();
    trigger::crash("umh-crash", MEBIBYTES)?;
    let held = begin.elapsed();
    ensure!(
        held < Duration::from_secs(15),
        "the process died after {held:?}"
    );
    ensure!(
        machine.answer()?.end == "exited 0",
        "{:?}",
        machine.answer()?
    );
    Ok(())
}

fn missing(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, pattern(machine))?;
    trigger::crash("umh-crash", 1)?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "coredump" && answer.reason == "missing",
        "{answer:?}"
    );
    Ok(())
}

fn killed(machine: &Machine) -> Result<()> {
    machine.probe(HANDLER)?;
    machine.order("systemd-coredump", "sleep 60000")?;
    machine.set(PATTERN, pattern(machine))?;
    let begin = Instant::now();
    let crash = std::thread::spawn(|| trigger::crash("umh-crash", MEBIBYTES));
    let record = machine.started(HANDLER)?;
    let pid = record
        .one("pid")?
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .context("a pid")?;
    rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
    crash
        .join()
        .ok()
        .context("the crashing thread panicked")??;
    ensure!(
        begin.elapsed() < Duration::from_secs(30),
        "the process died after {:?}",
        begin.elapsed()
    );
    ensure!(
        machine.answer()?.end == "killed 9",
        "{:?}",
        machine.answer()?
    );
    Ok(())
}
