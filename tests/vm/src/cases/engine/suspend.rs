// SPDX-License-Identifier: MIT OR Apache-2.0

//! The gate: helpers while the machine goes to sleep (`/sys/power/pm_test`).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{engine, got, modprobe_is_the_probe};
use crate::cases::Case;
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    engine("helpers_work_after_a_suspend_to_the_freezer", freezer),
    engine("helpers_work_after_a_suspend_to_the_devices", devices),
    engine("a_caller_inside_keeps_the_machine_awake", busy),
    engine("a_caller_whose_helper_ends_in_time_lets_it_sleep", in_time),
    engine("a_helper_that_nobody_waits_for_lets_it_sleep", alone),
    engine("a_firmware_fallback_that_waits_lets_it_sleep", firmware),
];

fn freezer(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "exit 3")?;
    suspend("freezer").context("suspending")?;
    got("after", module::request_module("umh-after", true)?, 3 << 8)
}

fn devices(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "exit 3")?;
    suspend("devices").context("suspending")?;
    got("after", module::request_module("umh-after", true)?, 3 << 8)
}

/// Five seconds are all that callers get; then helpers are enabled again.
fn busy(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "sleep 15000\nexit 4")?;
    let call = std::thread::spawn(|| module::request_module("umh-long", true));
    machine.started("/sbin/modprobe")?;
    let begin = Instant::now();
    let refused = suspend("freezer");
    let took = begin.elapsed();
    machine.order("modprobe", "exit 5")?;
    got(
        "meanwhile",
        module::request_module("umh-other", true)?,
        5 << 8,
    )?;
    got(
        "inside",
        call.join().ok().context("a thread panicked")??,
        4 << 8,
    )?;
    // `EAGAIN`.
    let errno = refused.err().and_then(|error| error.raw_os_error());
    ensure!(errno == Some(11), "suspending: {errno:?}");
    ensure!(took >= Duration::from_secs(4), "it took {took:?}");
    Ok(())
}

fn in_time(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "sleep 1500\nexit 4")?;
    let call = std::thread::spawn(|| module::request_module("umh-short", true));
    machine.started("/sbin/modprobe")?;
    suspend("freezer").context("suspending")?;
    got(
        "inside",
        call.join().ok().context("a thread panicked")??,
        4 << 8,
    )
}

fn alone(machine: &Machine) -> Result<()> {
    modprobe_is_the_probe(machine, "sleep 15000")?;
    got("nowait", module::request_module("umh-alone", false)?, 0)?;
    machine.started("/sbin/modprobe")?;
    suspend("freezer").context("suspending")
}

/// It holds the lock for read; suspend aborts it first.
fn firmware(machine: &Machine) -> Result<()> {
    const FOLDER: &str = "/sys/devices/virtual/misc/test_firmware";
    machine.set(super::MODPROBE, "/sbin/modprobe")?;
    got(
        "test_firmware",
        module::request_module("test_firmware", true)?,
        0,
    )?;
    let request = std::thread::spawn(|| {
        std::fs::write(
            format!("{FOLDER}/trigger_custom_fallback"),
            "umh-no-such-firmware",
        )
    });
    let waiting = format!("{FOLDER}/umh-no-such-firmware/loading");
    let begin = Instant::now();
    while !std::path::Path::new(&waiting).exists() {
        ensure!(
            begin.elapsed() < Duration::from_secs(20),
            "there is no fallback"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // The folder comes before the load is on the list of those that suspend
    // aborts (fw_load_sysfs_fallback): in between it would wait for ever.
    std::thread::sleep(Duration::from_secs(2));
    let suspended = suspend("freezer");
    // Suspend has aborted it, unless it failed.
    let _gone = std::fs::write(&waiting, "-1");
    let result = request.join().ok().context("a thread panicked")?;
    trigger::unload("test_firmware");
    suspended.context("suspending")?;
    ensure!(result.is_err(), "the firmware came from nowhere");
    Ok(())
}

/// Suspends up to a point, from which the machine wakes by itself.
pub(super) fn suspend(to: &str) -> std::io::Result<()> {
    std::fs::write("/sys/power/pm_test", to)?;
    let result = std::fs::write("/sys/power/state", "freeze");
    std::fs::write("/sys/power/pm_test", "none")?;
    result
}
