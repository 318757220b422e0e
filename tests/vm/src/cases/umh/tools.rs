// SPDX-License-Identifier: MIT OR Apache-2.0

//! kmod's tools as umh has them, on a running kernel; kmod's own beside them
//! where both print.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use serde_json::json;

use super::LLC;
use crate::cases::modprobe::unload;
use crate::guest::umh::{Said, kmod, tool, tool_reading};
use crate::guest::{Machine, trigger};

/// What bridge needs, the users before what they use.
const BRIDGE: &[&str] = &["bridge", "stp", "llc"];

fn prepare() -> Result<()> {
    unload(&["llc2", "bridge", "stp", "llc", "minix"])
}

fn are_loaded(modules: &[&str], expected: bool) -> Result<()> {
    for module in modules {
        ensure!(
            trigger::is_loaded(module)? == expected,
            "{module}: not {expected}"
        );
    }
    Ok(())
}

/// The same words give the same output, with umh and with kmod.
fn both_print(words: &[&str]) -> Result<Said> {
    let (ours, theirs) = (tool(words)?, kmod(words)?);
    ensure!(
        (ours.status, &ours.text) == (theirs.status, &theirs.text),
        "{words:?}: {ours:?}, but kmod: {theirs:?}"
    );
    Ok(ours)
}

pub(super) fn modprobe(_: &Machine) -> Result<()> {
    prepare()?;
    let said = tool(&["modprobe", "-v", "bridge"])?.ended(0)?;
    let files: Vec<_> = said
        .text
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .collect();
    ensure!(
        files.len() == 3
            && said
                .text
                .lines()
                .all(|line| line.starts_with("insmod /lib/modules/")),
        "{said:?}"
    );
    are_loaded(BRIDGE, true)?;
    let info = tool(&["--json", "modules", "info", "stp"])?.ended(0)?;
    let told = info.json()?;
    let stp = told.get(0).context("nothing is told of stp")?;
    let build_id = stp.pointer("/running/build_id").and_then(|id| id.as_str());
    ensure!(
        stp["state"] == "live"
            && stp["running"]["holders"] == json!(["bridge"])
            && build_id.is_some_and(|id| id.len() == 40),
        "{info:?}"
    );
    tool(&["modprobe", "bridge"])?.ended(0)?;
    let said = tool(&["modprobe", "--first-time", "bridge"])?.ended(1)?;
    ensure!(
        said.errors == "modprobe: ERROR: could not insert 'bridge': Module already in kernel\n",
        "{said:?}"
    );

    let said = tool(&["modprobe", "-r", "-v", "bridge"])?.ended(0)?;
    ensure!(
        said.text == "rmmod bridge\nrmmod stp\nrmmod llc\n",
        "{said:?}"
    );
    are_loaded(BRIDGE, false)?;
    let said = tool(&["modprobe", "-r", "--first-time", "bridge"])?.ended(1)?;
    ensure!(
        said.errors == "modprobe: FATAL: Module bridge is not in kernel.\n",
        "{said:?}"
    );

    // An alias, as the kernel would ask for it.
    tool(&["modprobe", "-q", "--", "net-pf-26"])?.ended(0)?;
    are_loaded(&["llc2", "llc"], true)?;
    let said = tool(&["modprobe", "-r", "llc"])?.ended(1)?;
    ensure!(
        said.errors
            .starts_with("modprobe: FATAL: Module llc is in use.\n"),
        "{said:?}"
    );
    tool(&["modprobe", "-r", "--remove-holders", "llc"])?.ended(0)?;
    are_loaded(&["llc2", "llc"], false)
}

pub(super) fn insmod_and_rmmod(_: &Machine) -> Result<()> {
    prepare()?;
    let file = |name| {
        anyhow::Ok(
            tool(&["modinfo", "-n", name])?
                .ended(0)?
                .text
                .trim()
                .to_owned(),
        )
    };
    let (llc, llc2) = (file("llc")?, file("llc2")?);

    let said = tool(&["insmod", &llc2])?.ended(1)?;
    let expected =
        format!("insmod: ERROR: could not insert module {llc2}: Unknown symbol in module\n");
    ensure!(said.errors.starts_with(&expected), "{said:?}");
    ensure!(
        said.errors
            .contains("the kernel says: llc2: Unknown symbol llc_"),
        "{said:?}"
    );

    tool(&["insmod", &llc])?.ended(0)?;
    let said = tool(&["insmod", &llc])?.ended(1)?;
    ensure!(said.errors.ends_with(": File exists\n"), "{said:?}");
    // From standard input it is unpacked here, not in the kernel.
    tool_reading(&["insmod", "-"], File::open(&llc2)?)?.ended(0)?;
    are_loaded(&["llc", "llc2"], true)?;

    let ours = tool(&["rmmod", "llc", "nosuch"])?.ended(1)?;
    let theirs = kmod(&["rmmod", "llc", "nosuch"])?.ended(1)?;
    ensure!(
        ours.errors == theirs.errors,
        "{ours:?}, but kmod: {theirs:?}"
    );
    tool(&["rmmod", "llc2", "llc"])?.ended(0)?;
    are_loaded(&["llc", "llc2"], false)?;

    let damaged = "/run/damaged.ko";
    std::fs::write(damaged, b"\x7fELF and nothing else")?;
    let said = tool(&["insmod", damaged])?.ended(1)?;
    ensure!(
        said.errors.starts_with(
            "insmod: ERROR: could not insert module /run/damaged.ko: Invalid module format\n"
        ),
        "{said:?}"
    );
    Ok(())
}

pub(super) fn lists(_: &Machine) -> Result<()> {
    prepare()?;
    tool(&["modprobe", "-a", "bridge", "llc2"])?.ended(0)?;
    // The order of a module's users is that of a hash table in /sys.
    let sorted = |said: Said| -> Vec<String> {
        let line = |line: &str| {
            let (start, users) = line.rsplit_once(' ').unwrap_or((line, ""));
            let mut users: Vec<_> = users.split(',').collect();
            users.sort_unstable();
            format!("{start} {}", users.join(","))
        };
        said.text.lines().map(line).collect()
    };
    let (ours, theirs) = (tool(&["lsmod"])?.ended(0)?, kmod(&["lsmod"])?.ended(0)?);
    let (ours, theirs) = (sorted(ours), sorted(theirs));
    ensure!(ours == theirs, "{ours:?}, but kmod: {theirs:?}");

    for words in [
        &["modinfo", "bridge", "llc2", "minix"][..],
        &["modinfo", "-F", "filename", "net-pf-26"],
        &["modprobe", "-c"],
        &["modprobe", "-R", "net-pf-26"],
        &["modprobe", "-aD", "bridge", "minix"],
        &["kmod", "static-nodes", "-f", "tmpfiles"],
    ] {
        both_print(words)?;
    }
    let why = tool(&["--json", "modules", "why", "net-pf-26"])?
        .ended(0)?
        .json()?;
    let found = why
        .pointer("/lookup/4/found/0/pattern")
        .context("no pattern")?;
    ensure!(
        found == "net_pf_26" && why["modules"][0]["state"] == "live",
        "{why}"
    );
    let list = tool(&["--json", "modules", "list"])?.ended(0)?.json()?;
    let llc = list
        .as_array()
        .into_iter()
        .flatten()
        .find(|module| module["name"] == "llc");
    ensure!(llc.is_some_and(|llc| llc["references"] == 3), "{list}");
    prepare()
}

/// A module in use is waited for, as long as was said.
pub(super) fn wait(_: &Machine) -> Result<()> {
    prepare()?;
    let family = AddressFamily::from_raw(u16::try_from(LLC)?);
    tool(&["modprobe", "llc2"])?.ended(0)?;
    // Not for the children: the tool itself would use the module.
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let socket = socket.context("AF_LLC")?;
    let begin = Instant::now();
    let said = tool(&["modprobe", "-r", "-w", "300", "llc2"])?.ended(1)?;
    ensure!(
        begin.elapsed() >= Duration::from_millis(300),
        "it did not wait: {said:?}"
    );
    ensure!(
        said.errors
            .starts_with("modprobe: ERROR: could not remove 'llc2': "),
        "{said:?}"
    );

    let closes = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        drop(socket);
    });
    tool(&["modprobe", "-r", "-w", "60000", "llc2"])?.ended(0)?;
    ensure!(closes.join().is_ok(), "the socket was not closed");
    are_loaded(&["llc2", "llc"], false)
}

pub(super) fn force(_: &Machine) -> Result<()> {
    prepare()?;
    tool(&["modprobe", "-f", "llc"])?.ended(0)?;
    let taint = std::fs::read_to_string("/sys/module/llc/taint")?;
    ensure!(taint.contains('F'), "llc was not forced: {taint:?}");
    tool(&["rmmod", "-f", "llc"])?.ended(0)?;
    are_loaded(&["llc"], false)
}

/// Commands of `install` and `remove` lines, and lines that forbid.
pub(super) fn configuration(_: &Machine) -> Result<()> {
    prepare()?;
    let directory = "/run/modprobe.d";
    std::fs::create_dir_all(directory)?;
    let write = |text: &str| std::fs::write(format!("{directory}/tools.conf"), text);
    write(
        "install llc2 echo $MODPROBE_MODULE $CMDLINE_OPTS > /run/installed\nremove minix /bin/false\n",
    )?;
    let end = configured(&write);
    std::fs::remove_dir_all(directory)?;
    end
}

fn configured(write: &dyn Fn(&str) -> std::io::Result<()>) -> Result<()> {
    std::os::unix::fs::symlink("busybox", "/bin/sh").or_else(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(error),
    })?;
    tool(&["modprobe", "llc2", "a=1"])?.ended(0)?;
    let installed = std::fs::read_to_string("/run/installed")?;
    ensure!(installed == "llc2 a=1\n", "{installed:?}");
    are_loaded(&["llc2"], false)?;
    tool(&["modprobe", "-i", "llc2"])?.ended(0)?;
    are_loaded(&["llc2"], true)?;
    tool(&["modprobe", "-r", "llc2"])?.ended(0)?;

    write("forbid llc\n")?;
    let said = tool(&["modprobe", "llc2"])?.ended(1)?;
    ensure!(
        said.errors
            == "modprobe: ERROR: could not insert 'llc2': llc is forbidden (/run/modprobe.d/tools.conf line 1: forbid llc)\n",
        "{said:?}"
    );
    are_loaded(&["llc2", "llc"], false)
}
