// SPDX-License-Identifier: MIT OR Apache-2.0

//! AppArmor, with the profile of `dist/apparmor` loaded by Debian's parser.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{MODPROBE, confined, fails_closed, labels, never_said};
use crate::cases::Case;
use crate::guest::{Machine, boot};
use crate::plan::Suite;

pub(super) const CASES: &[Case] = &[confined(
    Suite::Apparmor,
    "attack_36_apparmor_confines_the_helper_and_not_what_it_runs",
    confines,
)];

pub(super) const LAST: &[Case] = &[
    confined(
        Suite::Apparmor,
        "attack_36_apparmor_denies_the_helper_nothing",
        |_| never_said(&["apparmor=\"DENIED\"", "profile=\"usermode-helper\""]),
    ),
    confined(
        Suite::Apparmor,
        "attack_36_a_program_that_apparmor_forbids_fails_closed",
        forbids,
    ),
];

const PROFILE: &str = "/etc/apparmor.d/usermode-helper";

pub(super) fn set_up() -> Result<()> {
    boot::mount("securityfs", "/sys/kernel/security", "securityfs", "")?;
    load(PROFILE)
}

fn load(profile: &str) -> Result<()> {
    let mut parser = Command::new("/sbin/apparmor_parser");
    let parser = parser.args(["--replace", "--skip-cache", profile]);
    let output = parser.output().context("apparmor_parser")?;
    ensure!(output.status.success(), "{output:?}");
    Ok(())
}

fn confines(machine: &Machine) -> Result<()> {
    let labels = labels(machine)?;
    ensure!(
        labels == ["usermode-helper (enforce)", "unconfined"],
        "{labels:?}"
    );
    Ok(())
}

/// A site's own rule against what the profile allows.
fn forbids(machine: &Machine) -> Result<()> {
    let text = std::fs::read_to_string(PROFILE)?;
    let (rules, _end) = text.rsplit_once('}').context("the profile")?;
    let narrowed = format!("{rules}  deny /{{usr/,}}{{s,}}bin/** x,\n}}\n");
    machine.file("/etc/apparmor.d/narrowed", 0o644, narrowed)?;
    machine.probe(MODPROBE)?;
    load("/etc/apparmor.d/narrowed")?;
    let result = fails_closed(machine);
    load(PROFILE)?;
    result
}
