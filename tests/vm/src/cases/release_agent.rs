// SPDX-License-Identifier: MIT OR Apache-2.0

//! A cgroup is empty.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::{Case, on_all, on_option};
use crate::guest::{Machine, machine::PATIENCE};

pub(super) const CASES: &[Case] = &[
    on_all("an_empty_cgroup_is_removed", removed),
    on_all("a_cgroup_with_children_is_never_removed", kept),
    on_option("another_release_agent_is_denied", denied),
];

const MOUNT: &str = "/mnt/cgroup";

/// A named hierarchy of version 1 needs no controller, so every kernel has it.
pub(super) fn hierarchy(machine: &Machine, agent: &str) -> Result<()> {
    machine.mount("none", MOUNT, "cgroup", "none,name=umh")?;
    std::fs::write(format!("{MOUNT}/release_agent"), agent).context("release_agent")
}

/// Makes a cgroup, and lets a process live and die in it.
pub(super) fn use_up(cgroup: &str) -> Result<()> {
    let path = format!("{MOUNT}/{cgroup}");
    std::fs::create_dir_all(&path)?;
    std::fs::write(format!("{path}/notify_on_release"), "1")?;
    let mut child = std::process::Command::new("/bin/busybox")
        .args(["sleep", "60"])
        .spawn()?;
    std::fs::write(format!("{path}/cgroup.procs"), child.id().to_string())?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Removes a cgroup that its agent left.
pub(super) fn remove(cgroup: &str) -> Result<()> {
    std::fs::remove_dir(format!("{MOUNT}/{cgroup}")).context("removing the cgroup")
}

fn removed(machine: &Machine) -> Result<()> {
    hierarchy(machine, "/usr/lib/umh/release-agent")?;
    use_up("gone")?;
    let begin = Instant::now();
    while Path::new(MOUNT).join("gone").exists() {
        ensure!(
            begin.elapsed() < PATIENCE,
            "the cgroup is still there: {:?}",
            machine.answers_so_far()?
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "release-agent"
            && answer.decision == "allow"
            && answer.end == "answered 0",
        "{answer:?}"
    );
    ensure!(
        answer.argv.get(1).is_some_and(|path| path == b"/gone"),
        "{answer:?}"
    );
    Ok(())
}

/// The kernel does not ask for a cgroup with children, so this asks in its
/// place, with a cgroup that is used again before the answer.
fn kept(machine: &Machine) -> Result<()> {
    super::external::needs_module()?;
    hierarchy(machine, "/usr/lib/umh/release-agent")?;
    let child = format!("{MOUNT}/used/child");
    std::fs::create_dir_all(&child)?;
    let call = umh_abi::Message::ReleaseAgent(umh_abi::release_agent::ReleaseAgent {
        program: b"/usr/lib/umh/release-agent",
        cgroup: b"/used",
    });
    crate::guest::module::call_as(&call, umh_abi::Wait::Exec)?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "release-agent" && answer.end.starts_with("answered"),
        "{answer:?}"
    );
    ensure!(Path::new(&child).exists(), "{child} is gone");
    remove("used/child")?;
    remove("used")
}

fn denied(machine: &Machine) -> Result<()> {
    machine.probe("/tmp/agent")?;
    hierarchy(machine, "/tmp/agent")?;
    use_up("kept")?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "release-agent" && answer.decision == "deny" && answer.reason == "path",
        "{answer:?}"
    );
    machine.nothing_started()?;
    remove("kept")
}
