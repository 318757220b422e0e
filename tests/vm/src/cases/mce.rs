// SPDX-License-Identifier: MIT OR Apache-2.0

//! The processor reported an error.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use umh_abi::{Message, Wait, mce::Mce};

use super::external::{HELPER, needs_module};
use super::{Case, on_all, on_option};
use crate::guest::{Machine, module};

pub(super) const CASES: &[Case] = &[
    on_all(
        "an_mce_trigger_is_denied_as_long_as_no_file_allows_it",
        denied,
    ),
    on_all("an_mce_trigger_that_a_file_allows_runs", allowed),
    on_option(
        "an_error_of_the_processor_runs_the_trigger_that_a_file_allows",
        injected,
    ),
];

pub(super) const TRIGGER: &str = "/usr/sbin/mce-trigger";

fn call() -> Result<()> {
    needs_module()?;
    let message = Message::Mce(Mce {
        program: TRIGGER.as_bytes(),
    });
    // What `call_as` would pass, with our path in the option's place.
    ensure!(
        module::call(HELPER, &[message.program()], &[], Wait::No)? == 0,
        "the call was refused"
    );
    Ok(())
}

fn denied(machine: &Machine) -> Result<()> {
    machine.probe(TRIGGER)?;
    call()?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "mce" && answer.decision == "deny" && answer.reason == "path",
        "{answer:?}"
    );
    machine.nothing_started()
}

fn allowed(machine: &Machine) -> Result<()> {
    allow(machine)?;
    call()?;
    is_answered(machine)
}

fn injected(machine: &Machine) -> Result<()> {
    allow(machine)?;
    inject(machine)?;
    is_answered(machine)
}

fn allow(machine: &Machine) -> Result<()> {
    machine.probe(TRIGGER)?;
    machine.policy(&format!(
        "version = 1\n[helper.mce-site]\ncaller = \"mce\"\nwiden = true\npaths = [\"{TRIGGER}\"]\nargs = []\n"
    ))
}

fn is_answered(machine: &Machine) -> Result<()> {
    machine.started(TRIGGER)?;
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.rule == "mce-site",
        "{answer:?}"
    );
    Ok(())
}

/// Names the trigger, and lets the kernel believe in an error: what is written
/// reaches its decoding, and no processor (`arch/x86/kernel/cpu/mce/inject.c`).
pub(super) fn inject(machine: &Machine) -> Result<()> {
    let setting = "/sys/devices/system/machinecheck/machinecheck0/trigger";
    machine.set(setting, format!("{TRIGGER}\n"))?;
    let modprobe = Command::new("/sbin/modprobe").arg("mce-inject").output();
    let modprobe = modprobe.context("modprobe")?;
    ensure!(modprobe.status.success(), "{modprobe:?}");
    machine.mount("debugfs", "/sys/kernel/debug", "debugfs", "")?;
    // The bank comes last: writing it is the error.
    for (file, value) in [("flags", "sw\n"), ("status", "0"), ("bank", "0")] {
        let path = Path::new("/sys/kernel/debug/mce-inject").join(file);
        std::fs::write(&path, value).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
