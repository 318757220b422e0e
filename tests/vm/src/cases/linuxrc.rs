// SPDX-License-Identifier: MIT OR Apache-2.0

//! An initial RAM disk is to prepare the root file system.

use anyhow::{Context as _, Result, ensure};
use umh_abi::Wait;

use super::external::{HELPER, needs_module};
use super::{Case, alone, capture, on_all};
use crate::guest::kernel_log::KernelLog;
use crate::guest::records::Record;
use crate::guest::{Machine, module};
use crate::plan::Suite;
use crate::probe::LINUXRC;

pub(super) const CASES: &[Case] = &[
    on_all("linuxrc_without_the_marks_of_early_boot_is_denied", denied),
    alone(
        Suite::Linuxrc,
        "linuxrc_of_an_initrd_image_is_answered_before_there_is_a_pid_1",
        answered,
    ),
    alone(Suite::CaptureLinuxrc, "linuxrc", captured),
];

/// The kernel has run `/linuxrc` through us before this process was.
fn answered(_machine: &Machine) -> Result<()> {
    let record = record()?;
    let argv = record.words("argv");
    ensure!(
        argv.len() == 1 && argv.iter().all(|word| word.ends_with(b"linuxrc")),
        "{:?}",
        record.lines
    );
    ensure!(record.one("parent")? == "process", "{:?}", record.lines);
    ensure!(record.one("sid")? != "0", "it has no session");
    ensure!(record.one("cwd")? == "\"/\"", "{:?}", record.lines);
    let console = ["0", "1", "2"].map(|fd| format!("{fd} \"/dev/console\""));
    ensure!(record.all("fd") == console, "{:?}", record.all("fd"));

    // What it was run for: the image is the root now, as it said.
    let root = std::fs::read_to_string("/proc/sys/kernel/real-root-dev")?;
    ensure!(root.trim() == "256", "the root is to be {root}");
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    ensure!(
        mounts.lines().any(|line| line.contains(" / romfs ")),
        "{mounts}"
    );

    let lines = KernelLog::since_boot()?.ours()?;
    let [line] = lines.as_slice() else {
        anyhow::bail!("the kernel's log has {lines:?}");
    };
    let says = |word: &str| line.text.contains(word);
    ensure!(
        line.text
            .starts_with("umh: allow caller=linuxrc rule=linuxrc ")
            && says(" end=exited status=0 "),
        "{line:?}"
    );
    Ok(())
}

/// The probe stood in place of usermode-helper.
fn captured(machine: &Machine) -> Result<()> {
    capture::tell(machine, "linuxrc", &record()?)
}

fn record() -> Result<Record> {
    let text = std::fs::read_to_string(LINUXRC).context(LINUXRC)?;
    Ok(Record::parse(&text))
}

/// The real call comes from a session of its own, with the console open
/// (`init_linuxrc`), before PID 1 is. Nothing later may pass for it.
fn denied(machine: &Machine) -> Result<()> {
    needs_module()?;
    machine.probe("/linuxrc")?;
    let result = module::call(
        HELPER,
        &[b"linuxrc"],
        &[b"HOME=/", b"TERM=linux"],
        Wait::Proc,
    )?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "?" && answer.decision == "deny",
        "{answer:?}"
    );
    ensure!(result == 126 << 8, "the caller got {result}");
    machine.nothing_started()
}
