// SPDX-License-Identifier: MIT OR Apache-2.0

//! `kernel/samples/rust_umh_test.rs`: a module in Rust that runs logger(1) in
//! each of the ways that a driver has.

use anyhow::{Context as _, Result, ensure};

use super::{MODPROBE, engine, got};
use crate::cases::Case;
use crate::guest::machine::PATIENCE;
use crate::guest::records::{self, Record};
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    engine("a_module_in_rust_runs_logger_in_each_way", forms),
    engine("a_module_in_rust_is_told_that_logger_is_missing", missing),
];

const LOGGER: &str = "/usr/bin/logger";

fn forms(machine: &Machine) -> Result<()> {
    machine.probe(LOGGER)?;
    machine.order("logger", "store\nexit 3")?;
    load(machine)?;
    let begin = std::time::Instant::now();
    while records::all()?.len() < 4 {
        ensure!(begin.elapsed() < PATIENCE, "only {:?}", records::all()?);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let records = records::all()?;
    let of = |word: &str| {
        let is = |record: &&Record| {
            record
                .words("argv")
                .get(1)
                .is_some_and(|last| last == word.as_bytes())
        };
        records
            .iter()
            .find(is)
            .with_context(|| format!("no logger {word}: {records:?}"))
    };
    let help = of("help!")?;
    let env: [&[u8]; 3] = [
        b"HOME=/",
        b"TERM=linux",
        b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
    ];
    ensure!(help.words("env") == env, "{:?}", help.words("env"));
    ensure!(of("setup")?.one("parent")? == "kworker", "{records:?}");
    let pipe = of("-")?;
    ensure!(pipe.all("fd") == ["0 pipe"], "{:?}", pipe.all("fd"));
    ensure!(pipe.one("stored")? == "12", "{}", pipe.one("stored")?);
    let keys = of("keys")?;
    ensure!(keys.one("keyring")?.starts_with("_umh_test:"), "{keys:?}");
    ensure!(help.all("keyring").is_empty(), "{help:?}");

    let text = kernel_says()?;
    for line in [
        "wait: exit code 3",
        "setup/exec: exit code 3",
        "pipe: written",
        "keys: exit code 3",
    ] {
        let line = format!("rust_umh_test: {line}");
        ensure!(text.contains(&line), "the kernel's log has no \"{line}\"");
    }
    Ok(())
}

fn missing(machine: &Machine) -> Result<()> {
    machine.take_away(LOGGER)?;
    load(machine)?;
    let text = kernel_says()?;
    ensure!(text.contains("rust_umh_test: wait: ENOENT"), "{text}");
    ensure!(text.contains("rust_umh_test: pipe: ENOENT"), "{text}");
    Ok(())
}

fn load(machine: &Machine) -> Result<()> {
    machine.set(MODPROBE, "/sbin/modprobe")?;
    got(
        "the sample",
        module::request_module("rust_umh_test", true)?,
        0,
    )?;
    trigger::unload("rust_umh_test");
    Ok(())
}

/// All of the kernel's log.
fn kernel_says() -> Result<String> {
    let output = std::process::Command::new("/bin/busybox")
        .arg("dmesg")
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
