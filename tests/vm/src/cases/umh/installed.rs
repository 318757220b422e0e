// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh install` and `umh uninstall` on a running kernel.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};

use super::{LLC, SETTINGS, install, read, tree, uninstall};
use crate::cases::attacks::settings::MODPROBE;
use crate::cases::coredump::HANDLER;
use crate::cases::external::needs_module;
use crate::cases::modprobe::unload;
use crate::guest::{Machine, module, trigger, umh};
use crate::probe::STORED;

/// An unprivileged user's socket loads its module.
fn autoload() -> Result<()> {
    unload(&["llc2"])?;
    trigger::socket(LLC)?;
    ensure!(trigger::is_loaded("llc2")?, "llc2 was not loaded");
    unload(&["llc2"])
}

/// From nothing to nothing.
pub(super) fn and_uninstalled(machine: &Machine) -> Result<()> {
    uninstall()?;
    let before = tree()?;
    let values: Result<Vec<_>> = SETTINGS.iter().map(|(setting, _)| read(setting)).collect();
    let values = values?;
    ensure!(
        values
            .first()
            .is_some_and(|value| value == "/sbin/modprobe"),
        "{values:?}"
    );
    autoload()?;
    ensure!(machine.answers_so_far()?.is_empty(), "somebody answered");

    install()?;
    autoload()?;
    let answer = machine.answer()?;
    ensure!(
        answer
            .argv
            .first()
            .is_some_and(|name| name == b"/usr/lib/umh/modprobe"),
        "{answer:?}"
    );
    // Without the files, but with the settings, no module would load again.
    let refused = umh::umh(&["uninstall"])?.ended(1)?;
    ensure!(refused.text.contains("--now"), "{refused:?}");
    ensure!(
        read(MODPROBE)? == "/usr/lib/umh/modprobe",
        "half uninstalled"
    );
    autoload()?;

    machine.begin()?;
    umh::umh(&["uninstall", "--now"])?.ended(0)?;
    for ((setting, _), value) in SETTINGS.iter().zip(&values) {
        ensure!(read(setting)? == *value, "{setting} is {}", read(setting)?);
    }
    let after = tree()?;
    let other = |from: &std::collections::BTreeMap<String, String>, to| {
        let lines = from.iter().filter(|(path, what)| {
            let there: &std::collections::BTreeMap<String, String> = to;
            there.get(*path) != Some(*what)
        });
        lines
            .map(|(path, what)| format!("{path} {what}"))
            .collect::<Vec<_>>()
    };
    ensure!(
        before == after,
        "before {:?}, after {:?}",
        other(&before, &after),
        other(&after, &before)
    );
    autoload()?;
    ensure!(machine.answers_so_far()?.is_empty(), "somebody answered");
    Ok(())
}

/// The kernel asks usermode-helper for every module, and there is none.
pub(super) fn under_the_option(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.take_away("/usr/sbin/usermode-helper")?;
    unload(&["llc2"])?;
    trigger::socket(LLC)?;
    ensure!(!trigger::is_loaded("llc2")?, "somebody answered");
    let result = module::request_module("net-pf-26", true)?;
    ensure!(result == -2, "the caller got {result}, not ENOENT");
    install()?;
    autoload()?;
    ensure!(
        machine.answer()?.decision == "allow",
        "{:?}",
        machine.answer()?
    );
    Ok(())
}

pub(super) fn twice(_machine: &Machine) -> Result<()> {
    install()?;
    let before = tree()?;
    let said = install()?;
    let acts: Option<Vec<_>> = said["steps"].as_array().map(|steps| {
        let acts = steps.iter().map(|step| (&step["act"], &step["path"]));
        acts.filter(|(act, _)| *act != "keep" && *act != "leave")
            .collect()
    });
    ensure!(acts.as_ref().is_some_and(Vec::is_empty), "{said}");
    ensure!(before == tree()?, "{said}");

    let modes = [
        ("/usr/sbin/usermode-helper", 0o700),
        ("/usr/bin/umh", 0o755),
        ("/usr/lib/sysctl.d/50-umh.conf", 0o644),
    ];
    for (path, mode) in modes {
        let found = std::fs::metadata(path)?.permissions().mode() & 0o7777;
        ensure!(found == mode, "{path} has mode {found:o}");
    }
    // keyutils' own program was there before.
    let kept = std::fs::symlink_metadata("/usr/sbin/request-key")?;
    ensure!(kept.is_file(), "request-key was replaced");
    Ok(())
}

pub(super) fn leads_a_crash(machine: &Machine) -> Result<()> {
    install()?;
    machine.set("/proc/sys/kernel/core_pipe_limit", "4")?;
    machine.order("systemd-coredump", "store")?;
    let pid = trigger::crash("umh-crash", 1)?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "coredump" && answer.decision == "allow" && answer.end == "exited 0",
        "{answer:?}"
    );
    let words = machine.started(HANDLER)?.words("argv");
    ensure!(
        words
            .get(1)
            .is_some_and(|word| *word == pid.to_string().into_bytes()),
        "{words:?}"
    );
    ensure!(
        std::fs::metadata(STORED)?.len() > 1 << 20,
        "the core is too small"
    );
    Ok(())
}

pub(super) fn refuses_to_go(machine: &Machine) -> Result<()> {
    install()?;
    let before = tree()?;
    let said = umh::umh(&["uninstall", "--now"])?.ended(1)?;
    ensure!(
        said.text.contains("CONFIG_STATIC_USERMODEHELPER"),
        "{said:?}"
    );
    ensure!(before == tree()?, "something was removed");
    autoload()?;
    ensure!(
        machine.answer()?.decision == "allow",
        "{:?}",
        machine.answer()?
    );
    Ok(())
}
