// SPDX-License-Identifier: MIT OR Apache-2.0

//! A bridge starts or stops its spanning tree.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{Case, on_option};
use crate::guest::Machine;

/// `/sbin/bridge-stp` is a constant of the kernel: without the option it is
/// not ours to answer.
pub(super) const CASES: &[Case] = &[
    on_option("a_bridge_leaves_its_spanning_tree_to_the_daemon", daemon),
    on_option(
        "a_bridge_whose_daemon_refuses_keeps_the_kernels_spanning_tree",
        refused,
    ),
    on_option(
        "attack_24_a_bridge_without_a_daemon_keeps_the_kernels_spanning_tree",
        missing,
    ),
];

const DAEMON: &str = "/sbin/bridge-stp";
const BRIDGE: &str = "umh0";
const STATE: &str = "/sys/class/net/umh0/bridge/stp_state";

/// `BR_KERNEL_STP` and `BR_USER_STP` (`net/bridge/br_private.h`).
const KERNEL: &str = "1";
const USER: &str = "2";

/// Starts and stops the spanning tree of a new bridge, from a sysfs write with
/// RTNL held; gives what the kernel took for its state in between.
pub(super) fn start_and_stop() -> Result<String> {
    brctl(&["addbr", BRIDGE])?;
    std::fs::write(STATE, "1").context(STATE)?;
    let state = std::fs::read_to_string(STATE)?;
    std::fs::write(STATE, "0").context(STATE)?;
    brctl(&["delbr", BRIDGE])?;
    Ok(state.trim().to_owned())
}

fn brctl(words: &[&str]) -> Result<()> {
    let output = Command::new("/sbin/brctl")
        .args(words)
        .output()
        .context("brctl")?;
    ensure!(
        output.status.success(),
        "brctl {words:?}: {}",
        output.stderr.escape_ascii()
    );
    Ok(())
}

fn daemon(machine: &Machine) -> Result<()> {
    machine.probe(DAEMON)?;
    // Made first, so that the module's own loading is not counted.
    brctl(&["addbr", "umh1"])?;
    brctl(&["delbr", "umh1"])?;
    machine.begin()?;
    let state = start_and_stop()?;
    ensure!(state == USER, "the state was {state}");
    let answers = machine.answers(2)?;
    let words = |index: usize| {
        answers
            .get(index)
            .map(|answer| answer.argv.clone())
            .unwrap_or_default()
    };
    ensure!(
        words(0) == [DAEMON.as_bytes(), BRIDGE.as_bytes(), b"start"],
        "{answers:?}"
    );
    ensure!(
        words(1) == [DAEMON.as_bytes(), BRIDGE.as_bytes(), b"stop"],
        "{answers:?}"
    );
    ensure!(
        answers
            .iter()
            .all(|answer| answer.caller == "bridge-stp" && answer.end == "exited 0"),
        "{answers:?}"
    );
    Ok(())
}

fn refused(machine: &Machine) -> Result<()> {
    machine.probe(DAEMON)?;
    machine.order("bridge-stp", "exit 1")?;
    let state = start_and_stop()?;
    ensure!(state == KERNEL, "the state was {state}");
    Ok(())
}

fn missing(machine: &Machine) -> Result<()> {
    let state = start_and_stop()?;
    ensure!(state == KERNEL, "the state was {state}");
    let answers = machine.answers(1)?;
    let asked = answers
        .iter()
        .find(|answer| answer.caller == "bridge-stp")
        .context("the daemon was not asked for")?;
    ensure!(asked.reason == "missing", "{answers:?}");
    Ok(())
}
