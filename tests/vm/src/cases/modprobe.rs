// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted.

pub(super) mod builtin;
pub(super) mod causes;
pub(super) mod crowd;
pub(super) mod hostile;
pub(super) mod loadpin;
pub(super) mod packed;

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use super::external::needs_module;
use super::{Case, alone, on_all};
use crate::guest::{Machine, module, trigger};
use crate::plan::{Kernel, Suite};

pub(super) const CASES: &[Case] = &[
    on_all("an_unprivileged_socket_loads_its_module", socket_loads),
    on_all("a_mount_loads_its_file_system", mount_loads),
    on_all(
        "an_unknown_module_fails_with_the_status_of_modprobe",
        unknown_fails,
    ),
    on_all(
        "a_request_that_nobody_waits_for_loads_its_module",
        nowait_loads,
    ),
    alone(
        Suite::Rootless,
        "a_module_is_loaded_below_a_root_that_no_archive_has_an_entry_for",
        rootless,
    ),
    on_all(
        "modprobe_runs_with_no_privilege_but_what_modules_need",
        privilege,
    ),
];

/// A case of [`Suite::Modules`].
const fn of_modules(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Modules, &[Kernel::Stock612], run)
}

/// AF_LLC, whose module is `llc2` and needs `llc`; no boot loads it.
const LLC: u32 = 26;

pub(super) fn socket_loads(machine: &Machine) -> Result<()> {
    unload(&["llc2"])?;
    trigger::socket(LLC)?;
    ensure!(
        trigger::is_loaded("llc2")?,
        "llc2 was not loaded: {:?}",
        machine.answers_so_far()?
    );
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "modprobe" && answer.decision == "allow" && answer.rule == "modprobe",
        "{answer:?}"
    );
    ensure!(
        answer.argv.get(3).is_some_and(|name| name == b"net-pf-26"),
        "{answer:?}"
    );
    ensure!(
        answer.target == "builtin" && answer.end == "answered 0",
        "{answer:?}"
    );
    unload(&["llc2"])
}

fn mount_loads(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "minix was not loaded: {:?}",
        machine.answers_so_far()?
    );
    let answer = machine.answer()?;
    ensure!(
        answer.argv.last().is_some_and(|name| name == b"fs-minix"),
        "{answer:?}"
    );
    unload(&["minix"])
}

fn unknown_fails(machine: &Machine) -> Result<()> {
    trigger::mount("umh_no_such_fs");
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.end == "answered 1",
        "{answer:?}"
    );
    if module::is_loaded() {
        // The wait status of exit 1.
        ensure!(
            module::request_module("umh-no-such-module", true)? == 256,
            "the caller got another status"
        );
    }
    Ok(())
}

fn nowait_loads(machine: &Machine) -> Result<()> {
    needs_module()?;
    unload(&["minix"])?;
    ensure!(
        module::request_module("fs-minix", false)? == 0,
        "the request failed"
    );
    let answer = machine.answer()?;
    ensure!(
        answer.end == "answered 0" && trigger::is_loaded("minix")?,
        "{answer:?}"
    );
    unload(&["minix"])
}

/// The root is as the kernel made it: everybody may write it.
fn rootless(machine: &Machine) -> Result<()> {
    let mode = std::fs::metadata("/")?.permissions().mode();
    ensure!(mode & 0o7777 == 0o1777, "the root has mode {mode:o}");
    mount_loads(machine)
}

/// `CAP_SYS_MODULE` (16) and `CAP_NET_ADMIN` (12) alone, and nothing to get
/// more with.
fn privilege(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/modprobe")?;
    trigger::socket(LLC)?;
    let record = machine.started("/sbin/modprobe")?;
    for set in ["caps", "caps-permitted", "caps-bounding"] {
        ensure!(
            record.one(set)? == "0000000000011000",
            "{set}: {}",
            record.one(set)?
        );
    }
    ensure!(record.one("uid")? == "0 0 0 0", "{}", record.one("uid")?);
    Ok(())
}

/// Takes modules out that an earlier case left.
pub(super) fn unload(modules: &[&str]) -> Result<()> {
    for module in modules {
        trigger::unload(module);
        ensure!(!trigger::is_loaded(module)?, "{module} does not unload");
    }
    Ok(())
}
