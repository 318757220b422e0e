// SPDX-License-Identifier: MIT OR Apache-2.0

//! The result matrix: what a caller gets, for each way of waiting.

use anyhow::Result;

use super::{engine, got};
use crate::cases::Case;
use crate::guest::{Machine, module};

pub(super) const CASES: &[Case] = &[
    engine("a_missing_program_is_told_to_who_waits", missing),
    engine("what_is_no_program_is_told_to_who_waits", no_program),
    engine("an_empty_path_is_a_success", empty),
    engine("words_too_long_are_told_to_who_waits", too_long),
    engine("the_end_of_the_program_is_told_to_who_waits_for_it", ends),
    engine("who_waits_for_the_start_does_not_wait_for_the_end", starts),
];

/// `UMH_NO_WAIT`, `UMH_WAIT_EXEC`, `UMH_WAIT_PROC`, the last two with
/// `UMH_KILLABLE` and with `UMH_FREEZABLE`, and these without either.
const NO: i32 = 0;
const EXEC: [i32; 5] = [0x01, 0x05, 0x09, 0x04, 0x08];
const PROC: [i32; 3] = [0x02, 0x06, 0x0a];
/// What `UMH_NO_WAIT` was until Linux 3.3.
const EVERY_BIT: i32 = -1;

const PROBE: &str = "/sbin/umh-engine";

fn missing(_machine: &Machine) -> Result<()> {
    each_gets("/no/such/program", -2)
}

fn no_program(machine: &Machine) -> Result<()> {
    machine.file("/tmp/text", 0o755, "no program\n")?;
    each_gets("/tmp/text", -8)?;
    machine.file("/tmp/data", 0o644, "\x7fELF")?;
    each_gets("/tmp/data", -13)?;
    each_gets("/tmp", -13)?;
    machine.file("/tmp/script", 0o755, "#!/no/such/interpreter\n")?;
    each_gets("/tmp/script", -2)?;
    // `ELOOP` of a link to itself.
    machine.place("/tmp/loop", |path| {
        std::os::unix::fs::symlink("/tmp/loop", path)
    })?;
    each_gets("/tmp/loop", -40)
}

fn empty(_machine: &Machine) -> Result<()> {
    each_gets("", 0)
}

/// `E2BIG`: one word of more than 128 KiB.
fn too_long(machine: &Machine) -> Result<()> {
    machine.probe(PROBE)?;
    let long = vec![b'x'; 140_000];
    for wait in EXEC.into_iter().chain(PROC) {
        let argv = [PROBE.as_bytes(), &long];
        let result = module::call_flags(PROBE.as_bytes(), &argv, &[], wait)?;
        got(&format!("wait {wait:#x}"), result, -7)?;
    }
    machine.nothing_started()
}

fn ends(machine: &Machine) -> Result<()> {
    machine.probe(PROBE)?;
    for (orders, status) in [("exit 0", 0), ("exit 1", 256), ("exit 255", 0xff00)] {
        machine.order("umh-engine", orders)?;
        for wait in PROC.into_iter().chain([EVERY_BIT]) {
            got(
                &format!("{orders}, wait {wait:#x}"),
                call(PROBE, wait)?,
                status,
            )?;
        }
    }
    machine.file("/sbin/umh-killed", 0o755, "#!/bin/busybox sh\nkill -9 $$\n")?;
    got("killed", call("/sbin/umh-killed", 0x02)?, 9)?;
    machine.file(
        "/sbin/umh-dumped",
        0o755,
        "#!/bin/busybox sh\nulimit -c unlimited\ncd /tmp\nkill -6 $$\n",
    )?;
    machine.set("/proc/sys/kernel/core_pattern", "/tmp/engine-core")?;
    let result = call("/sbin/umh-dumped", 0x02);
    let _none = std::fs::remove_file("/tmp/engine-core");
    got("with a core", result?, 0x86)
}

fn starts(machine: &Machine) -> Result<()> {
    const SLEEPS: &str = "/sbin/umh-sleeps";
    machine.probe(SLEEPS)?;
    machine.order("umh-sleeps", "sleep 300\nexit 3")?;
    for wait in EXEC {
        got(&format!("wait {wait:#x}"), call(SLEEPS, wait)?, 0)?;
    }
    got("no wait", call(SLEEPS, NO)?, 0)?;
    machine.started_first(SLEEPS).map(drop)
}

/// Each that waits gets `wanted`, who does not wait success.
fn each_gets(path: &str, wanted: i64) -> Result<()> {
    for wait in EXEC.into_iter().chain(PROC) {
        got(
            &format!("{path}, wait {wait:#x}"),
            call(path, wait)?,
            wanted,
        )?;
    }
    got(&format!("{path}, no wait"), call(path, NO)?, 0)
}

fn call(path: &str, wait: i32) -> Result<i64> {
    module::call_flags(path.as_bytes(), &[path.as_bytes()], &[b"A=1"], wait)
}
