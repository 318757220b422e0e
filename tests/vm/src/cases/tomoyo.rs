// SPDX-License-Identifier: MIT OR Apache-2.0

//! TOMOYO wants its policy loaded.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use umh_abi::Message;
use umh_abi::tomoyo::Tomoyo;

use super::external::External;
use super::{Case, on_all, on_option};
use crate::guest::Machine;
use crate::plan::TOMOYO_TRIGGER;

pub(super) const CASES: &[Case] = &[
    on_all("tomoyo_runs_its_loader", |machine| {
        call().is_answered(machine)
    }),
    on_all("tomoyo_without_its_program_fails", |machine| {
        call().is_missed(machine)
    }),
    on_all("tomoyo_for_another_program_is_denied", |machine| {
        call().is_denied(machine)
    }),
    on_option("tomoyo_itself_waits_for_its_loader", asked),
];

/// The kernel's own default.
pub(super) const LOADER: &str = "/sbin/tomoyo-init";

/// The first exec of init waits for it (`tomoyo_load_policy`).
fn call() -> External<'static> {
    External {
        message: Message::Tomoyo(Tomoyo {
            program: LOADER.as_bytes(),
        }),
        keys: &[],
        denied: 1,
        missing: 1,
    }
}

fn asked(machine: &Machine) -> Result<()> {
    machine.probe(LOADER)?;
    activate(machine)?;
    machine.started(LOADER)?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "tomoyo" && answer.decision == "allow" && answer.end == "exited 0",
        "{answer:?}"
    );
    Ok(())
}

/// Lets TOMOYO ask, which it does once a boot. The profile is what the loader
/// would have brought: without one the kernel panics.
pub(super) fn activate(machine: &Machine) -> Result<()> {
    machine.mount("securityfs", SECURITYFS, "securityfs", "")?;
    let profile = Path::new(SECURITYFS).join("tomoyo/profile");
    let text = "PROFILE_VERSION=20150505\n0-COMMENT=disabled\n";
    std::fs::write(&profile, text).with_context(|| profile.display().to_string())?;
    machine.probe(TOMOYO_TRIGGER)?;
    let status = Command::new(TOMOYO_TRIGGER).status()?;
    ensure!(status.success(), "{TOMOYO_TRIGGER}: {status}");
    Ok(())
}

const SECURITYFS: &str = "/sys/kernel/security";
