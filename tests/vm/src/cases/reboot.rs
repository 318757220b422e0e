// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine is to be restarted.

use anyhow::{Result, ensure};

use super::external::needs_module;
use super::{Case, alone, on_option, poweroff};
use crate::guest::{Machine, module};
use crate::plan::Suite;

pub(super) const CASES: &[Case] = &[
    on_option("orderly_reboot_runs_the_installed_program", present),
    alone(
        Suite::RebootMissing,
        "a_reboot_without_a_program_is_forced",
        missing,
    ),
];

fn present(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/sbin/reboot")?;
    module::orderly_reboot()?;
    let record = machine.started("/sbin/reboot")?;
    ensure!(
        record.words("argv").len() == 1,
        "{:?}",
        record.words("argv")
    );
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "reboot" && answer.decision == "allow" && answer.end == "exited 0",
        "{answer:?}"
    );
    Ok(())
}

fn missing(_machine: &Machine) -> Result<()> {
    module::orderly_reboot()?;
    poweroff::goes_down()
}
