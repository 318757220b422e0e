// SPDX-License-Identifier: MIT OR Apache-2.0

//! Somebody wrote a setting that names a program (rows 1 to 9).

use anyhow::{Result, ensure};

use super::refusal::{Audit, Refusal, a_program_ran, refusals};
use crate::cases::coredump::PATTERN;
use crate::cases::poweroff;
use crate::guest::{Machine, module, trigger};

refusals! {
    "01_modprobe_path_in_tmp" => Refusal {
        calls: &[|machine| modprobe_is(machine, "/tmp/evil"), |machine| asked_in_the_kernel(machine, "/tmp/evil")],
        reason: "path",
        audit: Audit::Denies("trust"),
        reached: a_program_ran,
    },
    "01_modprobe_path_of_a_trusted_program_that_no_rule_lists" => Refusal {
        calls: &[|machine| modprobe_is(machine, "/opt/umh/modprobe")],
        reason: "path",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "02_modprobe_path_with_its_beginning_patched" => Refusal {
        calls: &[|machine| modprobe_is(machine, "/tmp/sbin/modprobe")],
        reason: "path",
        audit: Audit::Denies("trust"),
        reached: a_program_ran,
    },
    "03_modprobe_path_that_is_poweroff" => Refusal {
        calls: &[|machine| modprobe_is(machine, "/sbin/poweroff")],
        reason: "caller",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "04_modprobe_path_that_is_another_callers_program" => Refusal {
        calls: &[
            |machine| modprobe_is(machine, "/sbin/reboot"),
            |machine| modprobe_is(machine, "/sbin/request-key"),
            |machine| modprobe_is(machine, "/sbin/bridge-stp"),
        ],
        reason: "caller",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "06_core_pattern_with_a_memfd" => Refusal {
        calls: &[core_memfd],
        reason: "path",
        audit: Audit::Denies("path"),
        reached: a_program_ran,
    },
    "07_core_pattern_with_the_process_name_as_program" => Refusal {
        calls: &[
            |machine| core_is(machine, "|%e", "/sbin/poweroff"),
            |machine| core_is(machine, "|%e", "-f"),
        ],
        reason: "name",
        audit: Audit::Denies("name"),
        reached: a_program_ran,
    },
    "08_core_pattern_that_is_modprobe" => Refusal {
        calls: &[|machine| core_is(machine, "|/sbin/modprobe -q -- %e", "minix")],
        reason: "caller",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "09_core_pattern_that_is_poweroff" => Refusal {
        calls: &[|machine| core_is(machine, "|/sbin/poweroff", "umh-crash")],
        reason: "caller",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "10_uevent_helper_in_tmp" => Refusal {
        calls: &[|machine| uevent_helper_is(machine, "/tmp/evil")],
        reason: "path",
        audit: Audit::Denies("trust"),
        reached: a_program_ran,
    },
    "10_uevent_helper_that_is_another_callers_program" => Refusal {
        calls: &[|machine| uevent_helper_is(machine, "/sbin/modprobe")],
        reason: "caller",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
    "22_poweroff_command_in_tmp" => Refusal {
        calls: &[|machine| poweroff_is(machine, "/tmp/evil")],
        reason: "path",
        audit: Audit::Denies("trust"),
        reached: a_program_ran,
    },
    "22_poweroff_command_with_odd_words" => Refusal {
        calls: &[|machine| poweroff_is(machine, "/sbin/poweroff --wait")],
        reason: "args",
        audit: Audit::LetsThrough,
        reached: a_program_ran,
    },
}

pub(in crate::cases) const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// AF_X25, which no guest has: `net-pf-9`.
pub(in crate::cases) const UNKNOWN_FAMILY: u32 = 9;

/// An unprivileged user's socket, and the setting leads to `program`.
fn modprobe_is(machine: &Machine, program: &str) -> Result<()> {
    machine.probe(program)?;
    machine.set(MODPROBE, program)?;
    trigger::socket(UNKNOWN_FAMILY)
}

/// What the kernel's caller gets is modprobe's "not loaded".
fn asked_in_the_kernel(machine: &Machine, program: &str) -> Result<()> {
    machine.probe(program)?;
    machine.set(MODPROBE, program)?;
    let status = module::request_module("net-pf-9", true)?;
    ensure!(status == 1 << 8, "the caller got {status}");
    Ok(())
}

fn core_memfd(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|/proc/%P/fd/666 %P")?;
    trigger::crash_with_program("umh-crash")
}

/// A process of that name crashes.
fn core_is(machine: &Machine, pattern: &str, name: &str) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    machine.probe("/sbin/modprobe")?;
    machine.set(PATTERN, pattern)?;
    trigger::crash(name, 0).map(drop)
}

fn uevent_helper_is(machine: &Machine, program: &str) -> Result<()> {
    machine.probe(program)?;
    machine.set("/proc/sys/kernel/hotplug", program)?;
    trigger::uevent("change")
}

/// `poweroff_cmd` with its words.
fn poweroff_is(machine: &Machine, command: &str) -> Result<()> {
    let program = command.split(' ').next().unwrap_or(command);
    machine.probe(program)?;
    machine.set(poweroff::SETTING, command)?;
    module::orderly_poweroff(false)
}
