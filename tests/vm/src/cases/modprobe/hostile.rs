// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names that strangers choose: a user without privilege through AF_ALG, whose
//! names the kernel asks for as `crypto-NAME` and `crypto-NAME-all`, and what
//! other callers of the kernel would let through as it is.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::builtin::{conf, file_of, tree, unpacked};
use super::{needs_module, of_modules, unload};
use crate::cases::Case;
use crate::guest::trace::Event;
use crate::guest::umh::tool;
use crate::guest::{Machine, module, trace, trigger};

pub(in crate::cases) const CASES: &[Case] = &[
    of_modules("a_hostile_name_is_only_ever_not_found", hostile),
    of_modules(
        "nothing_that_answers_makes_the_kernel_ask_for_a_module",
        asks_for_nothing,
    ),
];

/// Names for AF_ALG. 48 bytes make 55 with `crypto-`, the most that the
/// kernel asks for.
const ALGORITHMS: &[&[u8]] = &[
    &[b'x'; 48],
    &[0xff; 48],
    b"\xff\xfe\x80\x01\x1b[31m",
    b"x\numh: allow caller=modprobe",
    b"x/../../../../../tmp/evil",
    b"*",
    b"?[a-z]",
    b"'; /tmp/evil; '",
    b"`/tmp/evil`\"$PATH\"|/tmp/evil",
    b"x minix\tminix",
    b"%s%n",
    b"-r",
];

/// Names as they are. Of those that would be another's words, none is.
const NAMES: &[&[u8]] = &[
    b"-r",
    b"-C/tmp",
    b"--show-depends",
    b"..",
    b"./minix",
    b"../minix",
    b"/tmp/evil.ko",
    b"/tmp/evil",
    b"minix.ko",
    b"minix.ko.xz",
    b"kernel/fs/minix/minix.ko.xz",
    b"fs-mini?",
    b"fs-[l-n]*",
    b"*",
    b"fs-minix\n",
    b"fs-minix ",
    b"minix minix",
    b"minix\xff",
    b"symbol:*",
    b"$(/tmp/evil)",
    b"\x1b]0;x\x07",
    b" ",
    b"",
];

/// Also what is opened, each time the kernel opens anything, by its path.
const OPENED: &str = "p:umh_open do_filp_open path=+0(+0($arg2)):string";

/// The helper, as the kernel starts it, by its name as a task.
const HELPER: &str = "modprobe";

fn hostile(machine: &Machine) -> Result<()> {
    needs_module()?;
    // AF_ALG and its hashes are there before anything counts.
    ask_for_algorithm(b"umh-unknown")?;
    unload(&["minix"])?;
    // What those names would lead to, were they anything but names.
    machine.probe("/tmp/evil")?;
    machine.file("/tmp/evil.ko", 0o644, unpacked(&file_of("minix")?)?)?;
    machine.file(&format!("{}/evil.ko", tree()?), 0o644, "evil")?;
    let before = std::fs::read_to_string("/proc/modules")?;

    trace::probe(OPENED)?;
    ensure!(trace::choose("kprobes:umh_open")?, "no tracepoints");
    machine.begin()?;
    // What is opened for names that nothing has, of each kind, and for a line.
    let mut usual = opened(|| {
        ask_for_algorithm(b"umh-unknown")?;
        module::request_module("umh-unknown", true)?;
        module::request_module("symbol:umh_unknown", true).map(drop)
    })?;
    ensure!(
        usual.iter().any(|path| path.contains("modules.alias.bin")),
        "{usual:?}"
    );
    usual.insert("/dev/kmsg".to_owned());
    machine.begin()?;
    for name in ALGORITHMS {
        let opened = opened(|| ask_for_algorithm(name))?;
        only_not_found(machine, name, &[b"crypto-", *name].concat())?;
        ensure!(
            opened.is_subset(&usual),
            "{}: {opened:?}",
            name.escape_ascii()
        );
    }
    for name in NAMES {
        let opened = opened(|| {
            let result = module::request_module_of_any_bytes(name, true)?;
            ensure!(result == 1 << 8, "the caller got {result}");
            Ok(())
        })?;
        only_not_found(machine, name, name)?;
        ensure!(
            opened.is_subset(&usual),
            "{}: {opened:?}",
            name.escape_ascii()
        );
    }
    let after = std::fs::read_to_string("/proc/modules")?;
    ensure!(after == before, "{after}");
    Ok(())
}

/// The paths that the helper opens during `call`.
fn opened(call: impl FnOnce() -> Result<()>) -> Result<BTreeSet<String>> {
    let ((), events) = trace::of(call)?;
    let helpers = events.into_iter().filter(|event| event.task == HELPER);
    let path = |event: Event| {
        let (_, path) = event.text.split_once(" path=")?;
        Some(path.trim_matches('"').to_owned())
    };
    Ok(helpers.filter_map(path).collect())
}

/// bind(2) of a hash of that name, by somebody's program.
fn ask_for_algorithm(name: &[u8]) -> Result<()> {
    let mut command = Command::new("/usr/bin/kcapi-dgst");
    command.arg("-c").arg(OsStr::from_bytes(name)).env_clear();
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let status = command.uid(trigger::USER).gid(trigger::USER).status();
    let status = status.context("kcapi-dgst")?;
    ensure!(!status.success(), "there is such an algorithm");
    Ok(())
}

/// That `asked` was asked for, and that nothing came of it.
fn only_not_found(machine: &Machine, name: &[u8], asked: &[u8]) -> Result<()> {
    let name = name.escape_ascii();
    let mut answers = machine.answers(1)?;
    // Built in: the kernel asks by this name of its own for each algorithm.
    answers.retain(|answer| answer.argv.last().is_none_or(|word| word != b"cryptomgr"));
    ensure!(
        answers
            .iter()
            .any(|answer| answer.argv.last().is_some_and(|word| word == asked)),
        "{name} was not asked for: {answers:?}"
    );
    // Looked for in vain, or no name by its bytes: for the kernel the same.
    let is_vain = |reason| reason == "rule" || reason == "args";
    ensure!(
        answers
            .iter()
            .all(|answer| is_vain(answer.reason) && answer.end == "answered 1"),
        "{name}: {answers:?}"
    );
    machine.nothing_started()?;
    ensure!(!trigger::is_loaded("minix")?, "{name} loaded minix");
    let lines = machine.lines()?;
    // The kernel itself escapes what is not printable, with `\x`.
    let printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    ensure!(
        lines.len() <= answers.len() && lines.iter().all(|line| printable(&line.text)),
        "{name}: {lines:?}"
    );
    machine.begin()
}

/// Of all that is done for a module: a hit, a miss, an alias, a failure, a
/// refusal and an install line, by the kernel's call and by hand.
fn asks_for_nothing(machine: &Machine) -> Result<()> {
    needs_module()?;
    unload(&["minix", "llc2", "bridge", "stp", "llc"])?;
    ensure!(trace::choose("module:module_request")?, "no tracepoints");
    machine.file(&file_of("llc")?, 0o644, [0x7f; 5000])?;
    conf(machine, "install bridge /bin/false\n")?;
    let names = ["fs-minix", "umh-unknown", "net-pf-26", "bridge"];
    let ((), events) = trace::of(|| ask(&names))?;
    let requests = |events: &[Event], by: &[&str]| {
        let is_one = |event: &&Event| event.text.starts_with("module_request: ");
        let of_task = |event: &&Event| by.contains(&event.task.as_str());
        events.iter().filter(is_one).filter(of_task).count()
    };
    ensure!(requests(&events, &["init"]) >= names.len(), "{events:?}");
    ensure!(requests(&events, &[HELPER, "umh"]) == 0, "{events:?}");

    // A program in its place that does ask is seen.
    machine.probe("/sbin/modprobe")?;
    machine.order("modprobe", "socket-once 9")?;
    let (_, events) = trace::of(|| module::request_module("umh-outer", true))?;
    ensure!(requests(&events, &[HELPER]) == 1, "{events:?}");
    unload(&["minix"])
}

fn ask(names: &[&str]) -> Result<()> {
    for name in names {
        module::request_module(name, true)?;
        tool(&["modprobe", name])?;
    }
    let loaded = trigger::is_loaded("minix")?;
    ensure!(loaded && !Path::new("/sys/module/llc").exists());
    Ok(())
}
