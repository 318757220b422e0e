// SPDX-License-Identifier: MIT OR Apache-2.0

//! A whole system, as its last unit sees it ([`crate::contents`], `system`):
//! what the boot came to, then the cases, then the end of the machine.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use super::answers::Answers;
use super::kernel_log::KernelLog;
use super::{Machine, boot, channel::Channel, module, service};
use crate::cases;
use crate::plan::{FAILED_UNITS, MODULES};
use crate::protocol::Line;

/// `/init booted`. Does not return before the machine stops it.
pub fn booted() -> ExitCode {
    service::said(report())
}

fn report() -> Result<()> {
    let channel = Arc::new(Channel::open()?);
    channel.send(&Line::Begin(service::suite()?.name().into()))?;
    let state = systemctl(&["is-system-running", "--wait"])?;
    ensure!(
        ["running", "degraded"].contains(&state.trim()),
        "systemd says that the system is {state}"
    );
    // systemd does not wait for what udev loads. Before anything of ours is.
    let mut settle = Command::new("/bin/udevadm");
    let settled = settle.args(["settle", "--timeout=120"]).status();
    let settled = settled.context("udevadm")?;
    ensure!(settled.success(), "udevadm settle: {settled}");
    for (name, text) in [(MODULES, modules()?), (FAILED_UNITS, failed_units()?)] {
        channel.send(&Line::File(name.into(), text.into_bytes()))?;
    }
    boot::load_test_module()?;

    if Path::new("/usr/sbin/usermode-helper").exists() {
        let kernel = service::kernel()?;
        no_call_is_denied(&channel)?;
        let machine = Machine::new(kernel, Arc::clone(&channel))?;
        for case in cases::system::CASES {
            boot::run_case(case, &machine, &channel)?;
        }
        // With the option umh has nobody to run, and asks systemd itself.
        if kernel.has_option() {
            std::fs::remove_file("/usr/sbin/poweroff").context("/usr/sbin/poweroff")?;
        }
    }
    module::orderly_poweroff(true)?;
    loop {
        std::thread::park();
    }
}

/// The first case: what the distribution asks for, it gets.
fn no_call_is_denied(channel: &Channel) -> Result<()> {
    let name = "attack_39_no_call_of_the_boot_is_denied";
    channel.send(&Line::Case(name.into()))?;
    let answers = Answers::so_far()?;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.decision != "allow")
        .collect();
    // Calls from before /run was there have left a line at most.
    let lines = KernelLog::since_boot()?.ours()?;
    channel.send(&Line::Note(format!(
        "{} calls before the last unit",
        answers.len()
    )))?;
    channel.send(&if refused.is_empty() && lines.is_empty() {
        Line::Ok(name.into(), 0)
    } else {
        Line::Fail(name.into(), format!("{refused:?} {lines:?}"))
    })
}

/// The names in `/proc/modules`, sorted, one a line.
fn modules() -> Result<String> {
    let modules = std::fs::read_to_string("/proc/modules")?;
    let names = modules.lines().filter_map(|line| line.split(' ').next());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    Ok(names.join("\n"))
}

fn failed_units() -> Result<String> {
    systemctl(&["list-units", "--failed", "--plain", "--no-legend"])
}

/// What it says; its status only repeats that.
fn systemctl(words: &[&str]) -> Result<String> {
    let output = Command::new("/bin/systemctl").args(words).output();
    let output = output.context("systemctl")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
