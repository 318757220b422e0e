// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted: `__request_module`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{MODPROBE, engine, got, modprobe_is_the_probe};
use crate::cases::Case;
use crate::cases::modprobe::unload;
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    engine("modprobe_is_called_in_the_words_of_the_contract", words),
    engine("kmod_itself_loads_what_a_mount_asks_for", loads),
    engine("a_request_gets_the_wait_status_of_modprobe", status),
    engine("a_request_that_does_not_wait_gets_success", nowait),
    engine("a_missing_modprobe_is_an_error", missing),
    engine("an_empty_setting_switches_requests_off", off),
    engine("a_name_of_55_bytes_is_the_longest", longest),
    engine(
        "the_51st_request_at_once_gives_up_after_five_seconds",
        crowd,
    ),
];

fn words(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "exit 0")?;
    trigger::socket(9)?;
    // With an address family the kernel asks for one more alias.
    let record = machine.started_first("/sbin/modprobe")?;
    let argv = record.words("argv");
    ensure!(
        argv == [&b"/sbin/modprobe"[..], b"-q", b"--", b"net-pf-9"],
        "{argv:?}"
    );
    let env: [&[u8]; 3] = [
        b"HOME=/",
        b"TERM=linux",
        b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
    ];
    ensure!(record.words("env") == env, "{:?}", record.words("env"));
    ensure!(
        record.one("parent")? == "kworker",
        "{}",
        record.one("parent")?
    );
    Ok(())
}

fn loads(machine: &Machine) -> Result<()> {
    machine.set(MODPROBE, "/sbin/modprobe")?;
    unload(&["minix"])?;
    trigger::mount("minix");
    ensure!(trigger::is_loaded("minix")?, "minix was not loaded");
    got("again", module::request_module("fs-minix", true)?, 0)?;
    unload(&["minix"])?;
    got(
        "unknown",
        module::request_module("umh-no-such-module", true)?,
        256,
    )
}

fn status(machine: &Machine) -> Result<()> {
    for (orders, status) in [("exit 0", 0), ("exit 1", 256), ("exit 42", 42 << 8)] {
        machine.end()?;
        modprobe_is_the_probe(machine, orders)?;
        got(orders, module::request_module("umh-x", true)?, status)?;
    }
    Ok(())
}

fn nowait(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "sleep 300\nexit 1")?;
    got("nowait", module::request_module("umh-x", false)?, 0)?;
    let record = machine.started("/sbin/modprobe")?;
    ensure!(
        record.one("parent")? == "kthreadd",
        "{}",
        record.one("parent")?
    );
    Ok(())
}

fn missing(machine: &Machine) -> Result<()> {
    machine.set(MODPROBE, "/no/such/modprobe")?;
    for wait in [true, false] {
        got("missing", module::request_module("umh-x", wait)?, -2)?;
    }
    Ok(())
}

fn off(machine: &Machine) -> Result<()> {
    machine.set(MODPROBE, "\n")?;
    got("off", module::request_module("umh-x", true)?, -2)?;
    // It comes before the name is looked at.
    got("off", module::request_module(&"x".repeat(200), true)?, -2)
}

fn longest(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "exit 0")?;
    got(
        "56 bytes",
        module::request_module(&"x".repeat(56), true)?,
        -36,
    )?;
    got(
        "200 bytes",
        module::request_module(&"x".repeat(200), true)?,
        -36,
    )?;
    machine.nothing_started()?;
    got(
        "55 bytes",
        module::request_module(&"x".repeat(55), true)?,
        0,
    )?;
    let argv = machine.started("/sbin/modprobe")?.words("argv");
    ensure!(
        argv.last().is_some_and(|name| *name == [b'x'; 55]),
        "{argv:?}"
    );
    Ok(())
}

/// `ETIME`; those inside are not disturbed.
fn crowd(machine: &Machine) -> Result<()> {
    const STAY: &str = "/run/probe/stay";
    machine.file(STAY, 0o600, "")?;
    modprobe_is_the_probe(machine, &format!("stay {STAY}\nexit 5"))?;
    let ask = |number: usize| {
        std::thread::spawn(move || module::request_module(&format!("umh-{number}"), true))
    };
    let asking: Vec<_> = (0..50).map(ask).collect();
    let patience = Duration::from_secs(if machine.kernel.is_watched() { 300 } else { 80 });
    let begin = Instant::now();
    let inside = || crate::guest::records::all().map(|records| records.len());
    while inside()? < 50 {
        ensure!(begin.elapsed() < patience, "only {} run", inside()?);
        std::thread::sleep(Duration::from_millis(50));
    }
    let begin = Instant::now();
    let result = module::request_module("umh-51", true)?;
    let took = begin.elapsed();
    std::fs::write(STAY, "no longer")?;
    for thread in asking {
        let result = thread.join().ok().context("a thread panicked")??;
        got("inside", result, 5 << 8)?;
    }
    got("the 51st", result, -62)?;
    let seconds = took.as_secs_f64();
    ensure!((4.5..12.0).contains(&seconds), "it took {seconds} s");
    Ok(())
}
