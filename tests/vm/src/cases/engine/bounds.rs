// SPDX-License-Identifier: MIT OR Apache-2.0

//! `/proc/sys/kernel/usermodehelper`: what is taken does not come back before
//! the next boot, so these cases come last.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::engine;
use crate::cases::Case;
use crate::guest::{Machine, module};

pub(super) const CASES: &[Case] = &[
    engine("the_bounds_are_full_at_boot", full),
    engine("a_writer_without_the_capabilities_is_refused", refused),
    engine(
        "a_capability_that_was_dropped_is_no_helpers_any_more",
        dropped,
    ),
    engine("a_dropped_capability_does_not_come_back", stays),
];

const BSET: &str = "/proc/sys/kernel/usermodehelper/bset";
const INHERITABLE: &str = "/proc/sys/kernel/usermodehelper/inheritable";
const FULL: &str = "4294967295\t511\n";
/// Without `CAP_WAKE_ALARM` (35).
const DROPPED: &str = "4294967295\t503\n";

fn full(_machine: &Machine) -> Result<()> {
    for file in [BSET, INHERITABLE] {
        let text = std::fs::read_to_string(file)?;
        ensure!(text == FULL, "{file}: {text:?}");
    }
    Ok(())
}

fn refused(_machine: &Machine) -> Result<()> {
    for capability in ["cap_setpcap", "cap_sys_module"] {
        let write = format!("echo 0 0 > {BSET}");
        let status = Command::new("/usr/sbin/capsh")
            .arg(format!("--drop={capability}"))
            .args(["--", "-c", &write])
            .status()
            .context("capsh")?;
        ensure!(!status.success(), "without {capability} it was written");
        let text = std::fs::read_to_string(BSET)?;
        ensure!(text == FULL, "{text:?}");
    }
    Ok(())
}

fn dropped(machine: &Machine) -> Result<()> {
    for file in [BSET, INHERITABLE] {
        std::fs::write(file, "4294967295 503")?;
        let text = std::fs::read_to_string(file)?;
        ensure!(text == DROPPED, "{file}: {text:?}");
    }
    let record = start(machine)?;
    for set in ["caps", "caps-permitted", "caps-bounding"] {
        let caps = record.one(set)?;
        ensure!(caps == "000001f7ffffffff", "{set}: {caps}");
    }
    Ok(())
}

fn stays(machine: &Machine) -> Result<()> {
    std::fs::write(BSET, "4294967295 511")?;
    let text = std::fs::read_to_string(BSET)?;
    ensure!(text == DROPPED, "{text:?}");
    // One number is the low half alone.
    std::fs::write(BSET, "4294967295")?;
    let text = std::fs::read_to_string(BSET)?;
    ensure!(text == DROPPED, "{text:?}");
    ensure!(
        start(machine)?.one("caps")? == "000001f7ffffffff",
        "it came back"
    );
    Ok(())
}

fn start(machine: &Machine) -> Result<crate::guest::records::Record> {
    const PROBE: &str = "/sbin/umh-engine";
    machine.probe(PROBE)?;
    module::call_flags(PROBE.as_bytes(), &[PROBE.as_bytes()], &[], 0x02)?;
    machine.started(PROBE)
}
