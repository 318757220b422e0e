// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls that something in the guest makes the kernel do.

use anyhow::{Result, ensure};

use super::tell;
use crate::cases::{bridge_stp, coredump, external, release_agent};
use crate::guest::{Machine, module, trigger};

pub(super) fn socket(machine: &Machine) -> Result<()> {
    trigger::socket(26)?;
    ensure!(trigger::is_loaded("llc2")?, "llc2 was not loaded");
    tell(machine, "modprobe", "socket(AF_LLC) by uid 1000", "allow")
}

pub(super) fn mount(machine: &Machine) -> Result<()> {
    trigger::mount("minix");
    ensure!(trigger::is_loaded("minix")?, "minix was not loaded");
    tell(machine, "modprobe", "mount -t minix", "allow")
}

pub(super) fn crash(machine: &Machine) -> Result<()> {
    machine.probe(coredump::HANDLER)?;
    machine.order("systemd-coredump", "store")?;
    machine.set(coredump::PATTERN, coredump::pattern(machine))?;
    trigger::crash("umh-crash", 4)?;
    tell(machine, "coredump", "a crash of uid 1000", "allow")
}

pub(super) fn device(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/mdev")?;
    machine.set("/proc/sys/kernel/hotplug", "/sbin/mdev")?;
    trigger::uevent("change")?;
    tell(machine, "uevent", "an event of /dev/null", "allow")
}

pub(super) fn key(machine: &Machine) -> Result<()> {
    machine.file(
        "/etc/request-key.conf",
        0o644,
        "create user demo:* * /bin/keyctl instantiate %k %c %S\n",
    )?;
    let (found, key) = trigger::request_key("user", "demo:key", "a payload")?;
    ensure!(found, "keyctl request2: {key}");
    tell(
        machine,
        "request-key",
        "request_key(user, demo:key)",
        "allow",
    )
}

pub(super) fn cgroup(machine: &Machine) -> Result<()> {
    release_agent::hierarchy(machine, "/usr/lib/umh/release-agent")?;
    release_agent::use_up("demo")?;
    tell(
        machine,
        "release-agent",
        "the last process leaves /demo",
        "allow",
    )
}

pub(super) fn bridge(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/bridge-stp")?;
    bridge_stp::start_and_stop()?;
    tell(
        machine,
        "bridge-stp",
        "STP of a bridge switched on",
        "allow",
    )
}

/// The probe in the program's place leaves the machine up.
pub(super) fn power_off(machine: &Machine) -> Result<()> {
    external::needs_module()?;
    machine.probe("/sbin/poweroff")?;
    module::orderly_poweroff(true)?;
    tell(machine, "poweroff", "orderly_poweroff()", "allow")
}

pub(super) fn restart(machine: &Machine) -> Result<()> {
    external::needs_module()?;
    machine.probe("/sbin/reboot")?;
    module::orderly_reboot()?;
    tell(machine, "reboot", "orderly_reboot()", "allow")
}
