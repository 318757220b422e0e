// SPDX-License-Identifier: MIT OR Apache-2.0

//! Three attacks.
//!
//! Without the option the kernel asks us only where a setting leads to us, so
//! there the attacker names another of our own links.

use anyhow::Result;

use super::tell_more;
use crate::cases::attacks::settings::MODPROBE;
use crate::cases::coredump;
use crate::guest::{Machine, trigger};

fn attacked(machine: &Machine, caller: &str, attack: &str) -> Result<()> {
    tell_more(machine, caller, "uid 1000", "deny", &[("attack", attack)])?;
    machine.nothing_started()
}

pub(super) fn modprobe(machine: &Machine) -> Result<()> {
    let (path, attack) = if machine.kernel.has_option() {
        machine.probe("/tmp/evil")?;
        ("/tmp/evil", "kernel.modprobe=/tmp/evil, then socket(9)")
    } else {
        (
            "/usr/lib/umh/core",
            "kernel.modprobe=/usr/lib/umh/core, then socket(9)",
        )
    };
    machine.set(MODPROBE, path)?;
    trigger::socket(9)?;
    attacked(machine, "modprobe", attack)
}

pub(super) fn core(machine: &Machine) -> Result<()> {
    let (pattern, attack) = if machine.kernel.has_option() {
        (
            "|/proc/%P/fd/666 %P",
            "kernel.core_pattern=|/proc/%P/fd/666, a memory file",
        )
    } else {
        (
            "|/usr/lib/umh/modprobe -q -- %e",
            "kernel.core_pattern=|/usr/lib/umh/modprobe -q -- %e",
        )
    };
    machine.set(coredump::PATTERN, pattern)?;
    trigger::crash_with_program("minix")?;
    attacked(machine, "coredump", attack)
}

pub(super) fn poweroff(machine: &Machine) -> Result<()> {
    let (path, attack) = if machine.kernel.has_option() {
        (
            "/sbin/poweroff",
            "kernel.modprobe=/sbin/poweroff, then socket(12)",
        )
    } else {
        (
            "/usr/lib/umh/poweroff",
            "kernel.modprobe=/usr/lib/umh/poweroff, then socket(12)",
        )
    };
    machine.probe("/sbin/poweroff")?;
    machine.set(MODPROBE, path)?;
    trigger::socket(12)?;
    attacked(machine, "modprobe", attack)
}
