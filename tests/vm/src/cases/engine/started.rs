// SPDX-License-Identifier: MIT OR Apache-2.0

//! How a program finds itself at its first instruction.

use anyhow::{Result, ensure};

use super::engine;
use crate::cases::Case;
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    engine("a_program_finds_its_words_and_nothing_else", words),
    engine("a_worker_is_the_parent_where_the_end_is_awaited", parents),
    engine("the_uevent_helper_gets_the_variables_in_order", uevent),
    engine(
        "a_uevent_helper_that_is_missing_harms_nothing",
        no_uevent_helper,
    ),
    engine("the_core_helper_gets_a_pipe_and_its_limit", core),
];

const PROBE: &str = "/sbin/umh-engine";

fn words(machine: &Machine) -> Result<()> {
    machine.probe(PROBE)?;
    let argv: [&[u8]; 4] = [PROBE.as_bytes(), b"", b"a b", b"\xff"];
    let envp: [&[u8]; 2] = [b"A=1", b"no variable"];
    module::call_flags(PROBE.as_bytes(), &argv, &envp, 0x02)?;
    let record = machine.started(PROBE)?;
    ensure!(record.words("argv") == argv, "{:?}", record.words("argv"));
    ensure!(record.words("env") == envp, "{:?}", record.words("env"));
    ensure!(record.all("fd").is_empty(), "{:?}", record.all("fd"));
    for (key, value) in [
        ("sid", "0"),
        ("pgid", "0"),
        ("uid", "0 0 0 0"),
        ("gid", "0 0 0 0"),
        ("groups", ""),
        ("umask", "0022"),
        ("no-new-privs", "0"),
        ("seccomp", "0"),
        ("signals-blocked", "0000000000000000"),
        ("signals-ignored", "0000000000000000"),
        ("rlimit-core", "0 unlimited"),
        ("rlimit-nofile", "1024 4096"),
        ("caps", "000001ffffffffff"),
        ("caps-inheritable", "0000000000000000"),
        ("caps-ambient", "0000000000000000"),
    ] {
        ensure!(record.all(key) == [value], "{key}: {:?}", record.all(key));
    }
    Ok(())
}

fn parents(machine: &Machine) -> Result<()> {
    for (wait, parent, path) in [
        (0x02, "kworker", "/sbin/umh-proc"),
        (0x01, "kthreadd", "/sbin/umh-exec"),
        (0x00, "kthreadd", "/sbin/umh-no"),
    ] {
        machine.probe(path)?;
        module::call_flags(path.as_bytes(), &[path.as_bytes()], &[], wait)?;
        let record = machine.started(path)?;
        let of = record.one("parent")?;
        ensure!(of == parent, "{path}: {of}");
    }
    Ok(())
}

fn uevent(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/mdev")?;
    machine.set("/proc/sys/kernel/hotplug", "/sbin/mdev")?;
    trigger::uevent("change fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=1")?;
    let record = machine.started("/sbin/mdev")?;
    let argv = record.words("argv");
    ensure!(argv == [&b"/sbin/mdev"[..], b"mem"], "{argv:?}");
    let mut words = record.words("env");
    // It counts the machine's events.
    ensure!(
        words
            .get(9)
            .is_some_and(|word| word.starts_with(b"SEQNUM=")),
        "{words:?}"
    );
    words.remove(9);
    let expected: [&[u8]; 11] = [
        b"ACTION=change",
        b"DEVPATH=/devices/virtual/mem/null",
        b"SUBSYSTEM=mem",
        b"SYNTH_UUID=fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed",
        b"SYNTH_ARG_A=1",
        b"MAJOR=1",
        b"MINOR=3",
        b"DEVNAME=null",
        b"DEVMODE=0666",
        b"HOME=/",
        b"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
    ];
    ensure!(words == expected, "{words:?}");
    ensure!(
        record.one("parent")? == "kthreadd",
        "{}",
        record.one("parent")?
    );
    Ok(())
}

/// Who writes a synthetic event learns nothing of it.
fn no_uevent_helper(machine: &Machine) -> Result<()> {
    machine.set("/proc/sys/kernel/hotplug", "/no/such/program")?;
    trigger::uevent("change")?;
    machine.nothing_started()
}

fn core(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/engine-core")?;
    machine.order("engine-core", "measure")?;
    machine.set("/proc/sys/kernel/core_pattern", "|/sbin/engine-core %s %E")?;
    trigger::crash("engine", 1)?;
    let record = machine.started("/sbin/engine-core")?;
    let argv = record.words("argv");
    ensure!(
        argv == [&b"/sbin/engine-core"[..], b"6", b"!init"],
        "{argv:?}"
    );
    ensure!(record.all("fd") == ["0 pipe"], "{:?}", record.all("fd"));
    ensure!(
        record.one("rlimit-core")? == "1 1",
        "{}",
        record.one("rlimit-core")?
    );
    ensure!(record.words("env").is_empty(), "{:?}", record.words("env"));
    let measured = record.one("measured")?;
    let bytes = measured
        .split(' ')
        .next()
        .and_then(|word| word.parse::<u64>().ok());
    ensure!(bytes.is_some_and(|bytes| bytes > 1 << 20), "{measured}");
    Ok(())
}
