// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine is to be turned off.
//!
//! A machine that goes down ends its boot, so those cases have suites of
//! their own, whose end the host sees.

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::external::needs_module;
use super::{Case, alone, on_all, on_option};
use crate::guest::{Machine, module};
use crate::plan::Suite;

pub(super) const CASES: &[Case] = &[
    on_all(
        "attack_22_orderly_poweroff_runs_the_installed_program",
        present,
    ),
    on_option("attack_22_a_denied_poweroff_is_never_forced", denied),
    on_option("a_poweroff_program_that_fails_leaves_the_machine_up", fails),
    alone(
        Suite::PoweroffMissing,
        "attack_22_a_poweroff_without_a_program_is_forced",
        missing,
    ),
    alone(
        Suite::PoweroffBroken,
        "attack_22_a_poweroff_with_a_broken_program_is_forced",
        broken,
    ),
    alone(
        Suite::PoweroffEmpty,
        "attack_23_an_empty_poweroff_command_is_the_kernels_to_handle",
        empty,
    ),
];

pub(super) const SETTING: &str = "/proc/sys/kernel/poweroff_cmd";

/// How long a case waits for its machine to go down: the goal is 5 s, on
/// hardware.
const LIMIT: Duration = Duration::from_secs(30);

fn present(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/sbin/poweroff")?;
    module::orderly_poweroff(true)?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "poweroff" && answer.decision == "allow" && answer.end == "exited 0",
        "{answer:?}"
    );
    ensure!(
        crate::guest::records::all()?.len() == 1,
        "the program did not run once"
    );
    Ok(())
}

/// The longest that a forced power-off may take, and some.
const STAYS_UP: Duration = Duration::from_secs(8);

fn denied(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/tmp/evil")?;
    for command in [
        "/tmp/evil",
        "/sbin/poweroff --no-such-option",
        "/sbin/modprobe -q -- x",
    ] {
        machine.begin()?;
        machine.set(SETTING, command)?;
        module::orderly_poweroff(true)?;
        let answer = machine.answer()?;
        ensure!(
            answer.decision == "deny" && answer.end == "answered 126",
            "{command}: {answer:?}"
        );
        machine.nothing_started()?;
    }
    std::thread::sleep(STAYS_UP);
    Ok(())
}

/// The kernel itself looks at nothing but the start.
fn fails(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/sbin/poweroff")?;
    machine.order("poweroff", "exit 1")?;
    module::orderly_poweroff(true)?;
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.end == "exited 1",
        "{answer:?}"
    );
    std::thread::sleep(STAYS_UP);
    Ok(())
}

fn missing(_machine: &Machine) -> Result<()> {
    module::orderly_poweroff(true)?;
    goes_down()
}

/// An ELF file of a machine that this is not.
fn broken(machine: &Machine) -> Result<()> {
    machine.file(
        "/sbin/poweroff",
        0o755,
        b"\x7fELF\x01\x02 not for this machine",
    )?;
    module::orderly_poweroff(true)?;
    goes_down()
}

fn empty(machine: &Machine) -> Result<()> {
    machine.set(SETTING, "\n")?;
    module::orderly_poweroff(true)?;
    goes_down()
}

/// Waits for the end, which is not to be seen from inside.
pub(super) fn goes_down() -> Result<()> {
    std::thread::sleep(LIMIT);
    bail!("the machine is still up after {LIMIT:?}")
}
