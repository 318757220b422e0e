// SPDX-License-Identifier: MIT OR Apache-2.0

//! Somebody wrote a setting that names a program (rows 1 to 9).

use anyhow::{Result, ensure};

use super::{attack, refused};
use crate::cases::Case;
use crate::cases::coredump::PATTERN;
use crate::guest::{Machine, module, trigger};

pub(in crate::cases) const CASES: &[Case] = &[
    attack("attack_01_modprobe_path_in_tmp", modprobe_in_tmp),
    attack(
        "attack_02_modprobe_path_with_its_beginning_patched",
        modprobe_patched,
    ),
    attack(
        "attack_03_modprobe_path_that_is_poweroff",
        modprobe_is_poweroff,
    ),
    attack(
        "attack_04_modprobe_path_that_is_another_callers_program",
        modprobe_is_anothers,
    ),
    attack("attack_06_core_pattern_with_a_memfd", core_memfd),
    attack(
        "attack_07_core_pattern_with_the_process_name_as_program",
        core_name,
    ),
    attack("attack_08_core_pattern_that_is_modprobe", core_modprobe),
    attack("attack_09_core_pattern_that_is_poweroff", core_poweroff),
    attack("a_uevent_helper_in_tmp_is_denied", uevent_in_tmp),
];

pub(in crate::cases) const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// AF_X25, which no guest has: `net-pf-9`.
pub(in crate::cases) const UNKNOWN_FAMILY: u32 = 9;

fn modprobe_in_tmp(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/tmp/evil", "path")?;
    // What the kernel's caller gets is modprobe's "not loaded".
    ensure!(
        module::request_module("net-pf-9", true)? == 1 << 8,
        "the caller got another status"
    );
    Ok(())
}

fn modprobe_patched(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/tmp/sbin/modprobe", "path")
}

fn modprobe_is_poweroff(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "/sbin/poweroff", "caller")
}

fn modprobe_is_anothers(machine: &Machine) -> Result<()> {
    for program in ["/sbin/reboot", "/sbin/request-key", "/sbin/bridge-stp"] {
        machine.begin()?;
        modprobe_is(machine, program, "caller")?;
    }
    Ok(())
}

/// An unprivileged user's socket reaches nothing at `program`.
fn modprobe_is(machine: &Machine, program: &str, reason: &str) -> Result<()> {
    machine.probe(program)?;
    machine.set(MODPROBE, program)?;
    trigger::socket(UNKNOWN_FAMILY)?;
    let answer = refused(machine, reason)?;
    ensure!(
        answer.caller == "modprobe" && answer.end == "answered 1",
        "{answer:?}"
    );
    Ok(())
}

fn core_memfd(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|/proc/%P/fd/666 %P")?;
    trigger::crash_with_program("umh-crash")?;
    let answer = refused(machine, "path")?;
    ensure!(answer.caller == "coredump", "{answer:?}");
    Ok(())
}

fn core_name(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    machine.set(PATTERN, "|%e")?;
    for name in ["/sbin/poweroff", "-f"] {
        machine.begin()?;
        trigger::crash(name, 0)?;
        refused(machine, "name")?;
    }
    Ok(())
}

fn core_modprobe(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|/sbin/modprobe -q -- %e")?;
    trigger::crash("minix", 0)?;
    refused(machine, "caller")?;
    ensure!(
        !trigger::is_loaded("minix")?,
        "a process name chose a module"
    );
    Ok(())
}

fn core_poweroff(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    machine.set(PATTERN, "|/sbin/poweroff")?;
    trigger::crash("umh-crash", 0)?;
    refused(machine, "caller").map(drop)
}

fn uevent_in_tmp(machine: &Machine) -> Result<()> {
    machine.probe("/tmp/evil")?;
    machine.set("/proc/sys/kernel/hotplug", "/tmp/evil")?;
    trigger::uevent("change")?;
    let answer = refused(machine, "path")?;
    ensure!(
        answer.caller == "uevent" && answer.end == "answered 126",
        "{answer:?}"
    );
    Ok(())
}
