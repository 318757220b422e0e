// SPDX-License-Identifier: MIT OR Apache-2.0

//! Nothing is mounted and nothing exists (row 16): no `/proc`, `/sys`,
//! `/dev/null`, `/etc`, `/run`, and a root that nobody can write.
//!
//! The cases run in a mount namespace of their own, which has a `/proc` at a
//! place that the helper, in the initial one, does not see.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rustix::mount::MountFlags;
use umh_abi::Wait;

use super::external::HELPER;
use crate::guest::channel::Channel;
use crate::guest::{boot, module};
use crate::protocol::Line;

/// Where the cases have their own things, a tmpfs.
const OWN: &str = "/umh-vm";

/// Of nfsd-recall-failed, whose rule allows one.
const SCRIPT: &str = "/usr/sbin/nfsd-recall-failed";

/// A case here has no [`crate::guest::Machine`]: there is nothing to put back.
type Bare = (&'static str, fn() -> Result<()>);

/// The cases.
pub const CASES: &[Bare] = &[
    ("attack_16_a_module_is_loaded_with_nothing_mounted", loads),
    (
        "attack_16_a_denied_call_has_its_status_with_nothing_mounted",
        denied,
    ),
    (
        "attack_21_a_script_that_its_rule_allows_runs_without_proc",
        script,
    ),
    (
        "attack_16_a_missing_program_has_its_status_with_nothing_mounted",
        missing,
    ),
];

/// PID 1 of the suite: takes away what there is, then starts [`run`] in its
/// own mount namespace.
pub fn boot() -> Result<()> {
    boot::load_test_module()?;
    std::fs::create_dir(OWN)?;
    for directory in ["/proc", "/sys", "/run", "/etc", "/mnt", "/tmp"] {
        std::fs::remove_dir(directory).with_context(|| directory.to_owned())?;
    }
    std::fs::write(SCRIPT, "#!/bin/busybox sh\nexit 9\n")?;
    std::fs::set_permissions(SCRIPT, std::fs::Permissions::from_mode(0o755))?;
    let flags = MountFlags::RDONLY;
    rustix::mount::mount_remount("/", flags, c"").context("making the root read-only")?;
    let words = ["unshare", "-m", "/init", "bare"];
    let status = std::process::Command::new("/bin/busybox")
        .args(words)
        .status()
        .context("unshare")?;
    ensure!(status.success(), "the cases ended with {status}");
    Ok(())
}

/// Runs the cases.
pub fn run() -> Result<()> {
    let channel = Channel::open()?;
    boot::mount("tmpfs", OWN, "tmpfs", "")?;
    std::fs::create_dir(proc(""))?;
    boot::mount("proc", &proc(""), "proc", "")?;
    module::at(proc("umh_test"));
    let wanted = std::env::var("umh_case").unwrap_or_default();
    for (name, case) in CASES.iter().filter(|(name, _)| name.contains(&wanted)) {
        channel.send(&Line::Case((*name).into()))?;
        let begin = Instant::now();
        let result = case();
        let milliseconds = u64::try_from(begin.elapsed().as_millis())?;
        channel.send(&match result {
            Ok(()) => Line::Ok((*name).into(), milliseconds),
            Err(error) => Line::Fail((*name).into(), format!("{error:#}")),
        })?;
    }
    Ok(())
}

fn proc(file: &str) -> String {
    format!("{OWN}/proc/{file}")
}

fn loads() -> Result<()> {
    let result = module::request_module("fs-minix", true)?;
    ensure!(result == 0, "the caller got {result}");
    let modules = std::fs::read_to_string(proc("modules"))?;
    ensure!(
        modules.lines().any(|line| line.starts_with("minix ")),
        "minix was not loaded"
    );
    Ok(())
}

fn script() -> Result<()> {
    let argv: [&[u8]; 3] = [b"/sbin/nfsd-recall-failed", b"192.0.2.7", b"sda1"];
    let result = module::call(HELPER, &argv, &ENVIRONMENT, Wait::Proc)?;
    ensure!(result == 9 << 8, "the caller got {result}");
    Ok(())
}

const ENVIRONMENT: [&[u8]; 3] = [
    b"HOME=/",
    b"TERM=linux",
    b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
];

fn denied() -> Result<()> {
    let modprobe = module::call(
        HELPER,
        &[b"/tmp/evil", b"-q", b"--", b"x"],
        &ENVIRONMENT,
        Wait::Proc,
    )?;
    ensure!(modprobe == 1 << 8, "modprobe's caller got {modprobe}");
    let unknown = module::call(
        HELPER,
        &[b"/tmp/evil", b"1", b"2", b"3", b"4", b"5"],
        &ENVIRONMENT,
        Wait::Proc,
    )?;
    ensure!(unknown == 126 << 8, "an unknown caller got {unknown}");
    Ok(())
}

fn missing() -> Result<()> {
    let result = module::call(
        HELPER,
        &[b"/sbin/bridge-stp", b"br0", b"start"],
        &[],
        Wait::Proc,
    )?;
    ensure!(result == 1 << 8, "the caller got {result}");
    Ok(())
}
