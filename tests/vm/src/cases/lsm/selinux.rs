// SPDX-License-Identifier: MIT OR Apache-2.0

//! SELinux, enforcing: the module of `dist/selinux` on a base policy that is
//! as small as can be (`tests/vm/selinux/base.cil`).

use anyhow::{Context as _, Result, ensure};
use rustix::fs::XattrFlags;

use super::{MODPROBE, confined, fails_closed, labels, never_said};
use crate::cases::Case;
use crate::guest::machine::PROBE;
use crate::guest::{Machine, boot};
use crate::plan::Suite;

pub(super) const CASES: &[Case] = &[confined(
    Suite::Selinux,
    "attack_36_selinux_has_a_domain_for_the_helper_and_one_for_what_it_runs",
    domains,
)];

pub(super) const LAST: &[Case] = &[
    confined(
        Suite::Selinux,
        "attack_36_selinux_denies_the_helper_nothing",
        |_| never_said(&["avc:", "denied", "scontext=system_u:system_r:umh_t "]),
    ),
    confined(
        Suite::Selinux,
        "attack_36_a_program_that_selinux_forbids_fails_closed",
        forbids,
    ),
];

/// What a system's file contexts would say.
const LABELS: &[(&str, &str)] = &[
    ("/usr/sbin/usermode-helper", "umh_exec_t"),
    ("/usr/bin/kmod", "kmod_exec_t"),
    ("/usr/sbin/request-key", "kmod_exec_t"),
    (PROBE, "kmod_exec_t"),
    ("/run", "var_run_t"),
];

const SELINUXFS: &str = "/sys/fs/selinux";

/// As an init does: loads the policy, labels, enforces.
pub(super) fn set_up() -> Result<()> {
    boot::mount("selinuxfs", SELINUXFS, "selinuxfs", "")?;
    let policy = std::fs::read("/etc/selinux/policy").context("the policy")?;
    // One write is one policy.
    std::fs::write(format!("{SELINUXFS}/load"), policy).context("loading the policy")?;
    for (path, kind) in LABELS {
        label(path, kind)?;
    }
    std::fs::write(format!("{SELINUXFS}/enforce"), "1").context("enforcing")
}

fn label(path: &str, kind: &str) -> Result<()> {
    let value = format!("system_u:object_r:{kind}\0");
    let flags = XattrFlags::empty();
    rustix::fs::setxattr(path, "security.selinux", value.as_bytes(), flags)
        .with_context(|| format!("labelling {path}"))
}

fn domains(machine: &Machine) -> Result<()> {
    let labels = labels(machine)?;
    ensure!(
        labels == ["system_u:system_r:umh_t", "system_u:system_r:kmod_t"],
        "{labels:?}"
    );
    let enforcing = std::fs::read_to_string(format!("{SELINUXFS}/enforce"))?;
    ensure!(enforcing == "1", "enforce is {enforcing}");
    Ok(())
}

/// A program that the helper's domain may not execute.
fn forbids(machine: &Machine) -> Result<()> {
    machine.copy(MODPROBE, 0o755)?;
    label(MODPROBE, "forbidden_exec_t")?;
    fails_closed(machine)
}
