// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh.mode=audit` on the kernel's command line (row 37): what enforcing
//! would deny runs and is logged, but for what audit mode never relaxes.

use anyhow::{Result, ensure};

use super::attacks::settings::{MODPROBE, UNKNOWN_FAMILY};
use super::coredump::PATTERN;
use super::{Case, modprobe::unload, poweroff};
use crate::guest::{Machine, module, trigger};
use crate::plan::{Kernel, Suite};

pub(super) const CASES: &[Case] = &[
    audit(
        "attack_37_01_a_trusted_program_that_no_rule_lists_runs_and_is_logged",
        unlisted,
    ),
    audit(
        "attack_37_02_an_untrusted_program_is_still_not_run",
        untrusted,
    ),
    audit(
        "attack_37_03_another_callers_program_runs_and_is_logged",
        anothers,
    ),
    audit("attack_37_06_a_memory_file_is_still_not_run", memory_file),
    audit(
        "attack_37_07_a_program_without_an_absolute_path_is_still_not_run",
        relative,
    ),
    audit(
        "attack_37_09_a_core_handler_of_another_caller_runs_and_is_logged",
        core,
    ),
    audit(
        "attack_37_22_a_poweroff_with_odd_words_runs_and_is_logged",
        odd_poweroff,
    ),
    audit(
        "attack_37_28_a_denied_module_loads_and_is_logged",
        module_filter,
    ),
];

const fn audit(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case {
        name,
        suite: Suite::Audit,
        kernels: &[Kernel::Option612],
        run,
    }
}

/// The only call was let through although it would be denied for `reason`.
fn let_through(machine: &Machine, reason: &str) -> Result<()> {
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "audit" && answer.reason == reason,
        "{answer:?}"
    );
    let lines = machine.lines()?;
    ensure!(
        lines
            .iter()
            .any(|line| line.text.starts_with("umh: audit ")),
        "{lines:?}"
    );
    Ok(())
}

/// The only call was denied all the same.
fn still_denied(machine: &Machine, reason: &str) -> Result<()> {
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "deny" && answer.reason == reason,
        "{answer:?}"
    );
    machine.nothing_started()
}

fn modprobe_is(machine: &Machine, program: &str) -> Result<()> {
    machine.probe(program)?;
    machine.set(MODPROBE, program)?;
    trigger::socket(UNKNOWN_FAMILY)
}

fn unlisted(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/opt/umh/modprobe")?;
    machine.started("/opt/umh/modprobe")?;
    let_through(machine, "path")
}

fn untrusted(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/tmp/evil")?;
    still_denied(machine, "trust")
}

fn anothers(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/sbin/poweroff")?;
    machine.started("/sbin/poweroff")?;
    let_through(machine, "caller")
}

fn memory_file(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|/proc/%P/fd/666 %P")?;
    trigger::crash_with_program("umh-crash")?;
    let answer = machine.answer()?;
    ensure!(answer.decision == "deny", "{answer:?}");
    machine.nothing_started()
}

fn relative(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|%e")?;
    trigger::crash("umh-crash", 0)?;
    still_denied(machine, "name")
}

fn core(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/modprobe")?;
    machine.set(PATTERN, "|/sbin/modprobe -q -- %e")?;
    trigger::crash("minix", 0)?;
    machine.started("/sbin/modprobe")?;
    let_through(machine, "caller")
}

fn odd_poweroff(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    machine.set(poweroff::SETTING, "/sbin/poweroff --wait")?;
    module::orderly_poweroff(false)?;
    machine.started("/sbin/poweroff")?;
    let_through(machine, "args")
}

fn module_filter(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    machine.policy("version = 1\n[modules]\ndeny = [\"fs-minix\"]\n")?;
    trigger::mount("minix");
    ensure!(trigger::is_loaded("minix")?, "minix was not loaded");
    let_through(machine, "module")?;
    unload(&["minix"])
}
