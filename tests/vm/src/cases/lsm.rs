// SPDX-License-Identifier: MIT OR Apache-2.0

//! A security module confines the helper (row 36): it works as ever, it is
//! denied nothing that it needs, and where a program is, it fails closed.
//!
//! Calls of every kind (`ALSO`) run in these suites again. What the kernel
//! had to complain of is then looked at by those of `LAST`.

mod apparmor;
mod ima;
mod selinux;

use anyhow::{Context as _, Result, ensure};

use super::{Case, bridge_stp, coredump, modprobe, poweroff, release_agent, request_key};
use crate::guest::kernel_log::KernelLog;
use crate::guest::machine::PATIENCE;
use crate::guest::{Machine, module, records};
use crate::plan::{Kernel, Suite};

/// The first of each suite.
pub(super) const CASES: &[&[Case]] = &[apparmor::CASES, selinux::CASES, ima::CASES];

/// The cases of [`Suite::Calls`] in between.
pub(super) const ALSO: &[&[Case]] = &[
    modprobe::CASES,
    coredump::CASES,
    request_key::CASES,
    release_agent::CASES,
    bridge_stp::CASES,
    poweroff::CASES,
];

/// The last.
pub(super) const LAST: &[&[Case]] = &[apparmor::LAST, selinux::LAST, ima::LAST];

/// Switches the suite's security module on.
pub fn set_up(suite: Suite) -> Result<()> {
    match suite {
        Suite::Apparmor => apparmor::set_up(),
        Suite::Selinux => selinux::set_up(),
        Suite::Ima => ima::set_up(),
        _ => Ok(()),
    }
}

const fn confined(suite: Suite, name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, suite, &[Kernel::Stock612], run)
}

const MODPROBE: &str = "/sbin/modprobe";

/// The labels of the helper and of the program that it runs, while it does.
fn labels(machine: &Machine) -> Result<[String; 2]> {
    machine.probe(MODPROBE)?;
    machine.order("modprobe", "sleep 1000")?;
    let call = std::thread::spawn(|| module::request_module("umh-labelled", true));
    let record = records::wait_for_first(MODPROBE, PATIENCE)?;
    let pid = record.one("pid")?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(") ").context("stat")?;
    let parent = rest.split(' ').nth(1).context("stat")?;
    let label = |pid: &str| {
        let label = std::fs::read(format!("/proc/{pid}/attr/current"))?;
        let text = String::from_utf8_lossy(&label);
        anyhow::Ok(text.trim_end_matches(['\n', '\0']).to_owned())
    };
    let labels = [label(parent)?, label(pid)?];
    let status = call.join().ok().context("the calling thread panicked")??;
    ensure!(status == 0, "the caller got {status}");
    Ok(labels)
}

/// The program may not be executed: the caller gets modprobe's failure, the
/// record and one line say why, and nothing ran.
fn fails_closed(machine: &Machine) -> Result<()> {
    let status = module::request_module("umh-forbidden", true)?;
    ensure!(status == 1 << 8, "the caller got {status}");
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.end.starts_with("failed: Permission denied"),
        "{answer:?}"
    );
    machine.nothing_started()?;
    let lines = machine.lines()?;
    let told = "umh: modprobe: execve: errno 13";
    ensure!(
        lines.iter().any(|line| line.text == told),
        "no line says so: {lines:?}"
    );
    Ok(())
}

/// Since boot no line of the kernel's log has all of these in it.
fn never_said(words: &[&str]) -> Result<()> {
    let mut entries = KernelLog::since_boot()?.entries()?;
    entries.retain(|entry| words.iter().all(|word| entry.text.contains(word)));
    ensure!(entries.is_empty(), "{entries:?}");
    Ok(())
}
