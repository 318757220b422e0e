// SPDX-License-Identifier: MIT OR Apache-2.0

//! The calls as the kernel makes them, for `crates/umh-abi/tests/vectors`.
//!
//! The probe stands in place of usermode-helper, or without the option in
//! place of the program itself, and what it records goes to the host.
//! Only calls that the kernel itself makes count: what the test module would
//! pass is what umh-abi already says.

use anyhow::{Context as _, Result};

use super::{Case, bridge_stp, coredump, mce, release_agent, tomoyo};
use crate::guest::records::Record;
use crate::guest::{Machine, module, trigger};
use crate::plan::{Kernel, Suite};
use crate::protocol::Line;

pub(super) const CASES: &[Case] = &[
    capture("modprobe", Kernel::OWN, modprobe),
    capture("coredump", Kernel::OWN, coredump),
    capture("uevent", OPTION, uevent),
    capture("request_key", Kernel::OWN, request_key),
    capture("release_agent", Kernel::OWN, release_agent),
    capture("bridge_stp", Kernel::OWN, bridge_stp),
    capture("uvesafb", OPTION, uvesafb),
    capture("mce", OPTION, mce),
    capture("tomoyo", OPTION, tomoyo),
    capture("poweroff", Kernel::OWN, poweroff),
    capture("reboot", Kernel::OWN, reboot),
];

/// What stock kernels lack: the uevent helper, the trigger of the machine
/// check, a TOMOYO that is on, and a frame buffer that a guest without
/// graphics may load.
const OPTION: &[Kernel] = &[Kernel::Option612];

const fn capture(
    name: &'static str,
    kernels: &'static [Kernel],
    run: fn(&Machine) -> Result<()>,
) -> Case {
    Case::new(name, Suite::Capture, kernels, run)
}

/// Lines that differ from boot to boot or say nothing of the caller.
const LEFT_OUT: [&str; 6] = ["pid", "exe", "cgroup", "rlimit-nofile", "stored", "pidfd"];

/// Lets `make` make the kernel call `program`, and sends what arrived.
fn send(
    machine: &Machine,
    name: &str,
    program: &str,
    make: impl FnOnce() -> Result<()>,
) -> Result<()> {
    machine.probe(if machine.kernel.has_option() {
        "/sbin/usermode-helper"
    } else {
        program
    })?;
    make()?;
    tell(machine, name, &machine.started_first(program)?)
}

/// Sends what arrived.
pub(super) fn tell(machine: &Machine, name: &str, record: &Record) -> Result<()> {
    let path = format!("{}/{name}.txt", machine.kernel.name());
    machine.tell(&Line::File(path, text(record).into_bytes()))
}

fn text(record: &Record) -> String {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let lines = record
        .lines
        .iter()
        .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    let line = |(key, value): &(String, String)| format!("{key} {value}\n").replace(" \n", "\n");
    format!("kernel {release}\n") + &lines.map(line).collect::<String>()
}

fn modprobe(machine: &Machine) -> Result<()> {
    machine.set("/proc/sys/kernel/modprobe", "/sbin/modprobe")?;
    send(machine, "modprobe", "/sbin/modprobe", || {
        trigger::socket(26)
    })
}

fn coredump(machine: &Machine) -> Result<()> {
    machine.set(
        coredump::PATTERN,
        coredump::pattern_of(coredump::HANDLER, machine.kernel),
    )?;
    machine.order("systemd-coredump", "store")?;
    send(machine, "coredump", coredump::HANDLER, || {
        trigger::crash("umh-crash", 0).map(drop)
    })
}

fn uevent(machine: &Machine) -> Result<()> {
    machine.set("/proc/sys/kernel/hotplug", "/sbin/mdev")?;
    send(machine, "uevent", "/sbin/mdev", || {
        trigger::uevent("change")
    })
}

fn request_key(machine: &Machine) -> Result<()> {
    send(machine, "request_key", "/sbin/request-key", || {
        trigger::request_key("user", "umh:captured", "x").map(drop)
    })
}

fn release_agent(machine: &Machine) -> Result<()> {
    let agent = "/usr/lib/systemd/systemd-cgroups-agent";
    release_agent::hierarchy(machine, agent)?;
    send(machine, "release_agent", agent, || {
        release_agent::use_up("captured")
    })?;
    release_agent::remove("captured")
}

fn bridge_stp(machine: &Machine) -> Result<()> {
    // Loads the module, which is another call.
    bridge_stp::start_and_stop()?;
    send(machine, "bridge_stp", "/sbin/bridge-stp", || {
        bridge_stp::start_and_stop().map(drop)
    })
}

/// The module asks for its daemon as soon as it is loaded; that it then finds
/// no graphics is no matter.
fn uvesafb(machine: &Machine) -> Result<()> {
    send(machine, "uvesafb", "/sbin/v86d", || {
        let mut modprobe = std::process::Command::new("/sbin/modprobe");
        modprobe
            .arg("uvesafb")
            .output()
            .context("modprobe uvesafb")
            .map(drop)
    })
}

fn mce(machine: &Machine) -> Result<()> {
    send(machine, "mce", mce::TRIGGER, || mce::inject(machine))
}

fn tomoyo(machine: &Machine) -> Result<()> {
    machine.probe(tomoyo::LOADER)?;
    send(machine, "tomoyo", tomoyo::LOADER, || {
        tomoyo::activate(machine)
    })
}

fn poweroff(machine: &Machine) -> Result<()> {
    super::external::needs_module()?;
    machine.set(super::poweroff::SETTING, "/sbin/poweroff")?;
    send(machine, "poweroff", "/sbin/poweroff", || {
        module::orderly_poweroff(false)
    })
}

fn reboot(machine: &Machine) -> Result<()> {
    super::external::needs_module()?;
    send(machine, "reboot", "/sbin/reboot", module::orderly_reboot)
}
