// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something happened to a device.

use anyhow::{Result, ensure};

use super::{Case, on_option};
use crate::guest::{Machine, trigger};

pub(super) const CASES: &[Case] = &[
    on_option("a_uevent_helper_gets_the_event", event),
    on_option("a_uevent_helper_gets_each_well_formed_key_once", odd_event),
    on_option("a_uevent_without_its_helper_harms_nothing", missing),
];

/// Stock kernels are built without `CONFIG_UEVENT_HELPER`.
const SETTING: &str = "/proc/sys/kernel/hotplug";

const HELPER: &str = "/sbin/mdev";

fn event(machine: &Machine) -> Result<()> {
    machine.probe(HELPER)?;
    machine.set(SETTING, HELPER)?;
    trigger::uevent("change")?;
    let record = machine.started(HELPER)?;
    ensure!(
        record.words("argv") == [HELPER.as_bytes(), b"mem"],
        "{:?}",
        record.words("argv")
    );
    let environment = record.words("env");
    let expected: [&[u8]; 7] = [
        b"ACTION=change",
        b"DEVPATH=/devices/virtual/mem/null",
        b"SUBSYSTEM=mem",
        b"MAJOR=1",
        b"MINOR=3",
        b"DEVNAME=null",
        b"HOME=/",
    ];
    for word in expected {
        ensure!(
            environment.iter().any(|variable| variable == word),
            "no {}: {environment:?}",
            word.escape_ascii()
        );
    }
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "uevent" && answer.decision == "allow" && answer.end == "handed-over",
        "{answer:?}"
    );
    Ok(())
}

/// A synthetic event carries variables that root chose.
fn odd_event(machine: &Machine) -> Result<()> {
    machine.probe(HELPER)?;
    machine.set(SETTING, HELPER)?;
    trigger::uevent("change fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=1 lower=2 B=3")?;
    let record = machine.started(HELPER)?;
    let environment = record.words("env");
    let has = |word: &[u8]| environment.iter().any(|variable| variable == word);
    ensure!(
        has(b"SYNTH_UUID=fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed"),
        "{environment:?}"
    );
    ensure!(
        has(b"SYNTH_ARG_A=1") && has(b"SYNTH_ARG_B=3"),
        "{environment:?}"
    );
    ensure!(
        !environment
            .iter()
            .any(|variable| variable.starts_with(b"SYNTH_ARG_lower")),
        "{environment:?}"
    );
    Ok(())
}

fn missing(machine: &Machine) -> Result<()> {
    machine.set(SETTING, HELPER)?;
    trigger::uevent("change")?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "uevent" && answer.reason == "missing",
        "{answer:?}"
    );
    Ok(())
}
