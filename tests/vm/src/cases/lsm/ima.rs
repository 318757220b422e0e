// SPDX-License-Identifier: MIT OR Apache-2.0

//! IMA measures what root executes, and lets nothing run that is not what it
//! was (`ima_appraise=enforce`, digests in `security.ima`).

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rustix::fs::XattrFlags;

use super::{MODPROBE, confined, fails_closed};
use crate::cases::Case;
use crate::guest::machine::PROBE;
use crate::guest::{Machine, boot, module};
use crate::plan::Suite;

pub(super) const CASES: &[Case] = &[confined(
    Suite::Ima,
    "attack_36_ima_measures_the_helper_and_what_it_runs",
    measures,
)];

pub(super) const LAST: &[Case] = &[
    confined(
        Suite::Ima,
        "attack_36_a_program_that_ima_does_not_know_fails_closed",
        unknown_program,
    ),
    confined(
        Suite::Ima,
        "attack_36_a_helper_that_ima_does_not_know_is_not_started",
        unknown_helper,
    ),
];

/// What runs in the cases as root.
const PROGRAMS: &[&str] = &[
    "/init",
    HELPER,
    PROBE,
    "/usr/bin/kmod",
    "/usr/bin/busybox",
    "/usr/bin/keyctl",
    "/usr/sbin/request-key",
];

const HELPER: &str = "/usr/sbin/usermode-helper";
const ATTRIBUTE: &str = "security.ima";

/// Every program that root owns.
const POLICY: &str = "measure func=BPRM_CHECK fowner=0\nappraise func=BPRM_CHECK fowner=0\n";

pub(super) fn set_up() -> Result<()> {
    for program in PROGRAMS {
        approve(program)?;
    }
    boot::mount("securityfs", "/sys/kernel/security", "securityfs", "")?;
    std::fs::write("/sys/kernel/security/ima/policy", POLICY).context("IMA's policy")
}

/// `IMA_XATTR_DIGEST_NG`, `HASH_ALGO_SHA256`, the digest
/// (`security/integrity/integrity.h`).
fn approve(path: &str) -> Result<()> {
    let output = Command::new("/bin/busybox")
        .args(["sha256sum", path])
        .output();
    let text = String::from_utf8(output.context("busybox")?.stdout)?;
    let digest = text.split(' ').next().unwrap_or_default();
    let byte = |pair: &[u8]| anyhow::Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?);
    let digest: Vec<u8> = digest
        .as_bytes()
        .chunks(2)
        .map(byte)
        .collect::<Result<_>>()?;
    ensure!(digest.len() == 32, "{path}: {text}");
    let value = [&[4, 4], digest.as_slice()].concat();
    rustix::fs::setxattr(path, ATTRIBUTE, &value, XattrFlags::empty())
        .with_context(|| format!("approving {path}"))
}

fn measures(machine: &Machine) -> Result<()> {
    machine.probe(MODPROBE)?;
    let status = module::request_module("umh-measured", true)?;
    ensure!(status == 0, "the caller got {status}");
    let list = "/sys/kernel/security/ima/ascii_runtime_measurements";
    let list = std::fs::read_to_string(list).context(list)?;
    for program in [HELPER, "/usr/sbin/modprobe"] {
        let line = format!(" {program} ");
        let measured = list
            .lines()
            .any(|measured| format!("{measured} ").contains(&line));
        ensure!(measured, "{program} is not measured: {list}");
    }
    Ok(())
}

fn unknown_program(machine: &Machine) -> Result<()> {
    machine.copy(MODPROBE, 0o755)?;
    fails_closed(machine)
}

/// The kernel starts nothing, so nothing can be recorded.
fn unknown_helper(machine: &Machine) -> Result<()> {
    rustix::fs::removexattr(HELPER, ATTRIBUTE)?;
    let status = module::request_module("umh-unknown", true);
    approve(HELPER)?;
    let status = status?;
    ensure!(status == -13, "the caller got {status}");
    ensure!(machine.answers_so_far()?.is_empty(), "it was started");
    Ok(())
}
