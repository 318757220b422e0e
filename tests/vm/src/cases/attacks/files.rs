// SPDX-License-Identifier: MIT OR Apache-2.0

//! Programs that others could have put where they are (rows 19 and 21).

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use anyhow::{Result, ensure};
use umh_abi::Wait;

use super::attack;
use super::refusal::{Audit, Refusal, a_program_ran, refusals};
use crate::cases::Case;
use crate::cases::external::HELPER;
use crate::guest::machine::PROBE;
use crate::guest::{Machine, module, trigger};

refusals! {
    "19_a_set_gid_program_of_another_group" => untrusted(&[set_gid]),
    "19_a_program_that_others_can_write" => untrusted(&[
        |machine| writable(machine, 0o775),
        |machine| writable(machine, 0o757),
    ]),
    "19_a_program_of_another_owner" => untrusted(&[other_owner]),
    "19_a_program_on_a_tmpfs" => untrusted(&[on_tmpfs]),
    "19_a_program_below_a_writable_directory" => untrusted(&[writable_directory]),
    "19_a_program_behind_too_many_links" => untrusted(&[circle, chain]),
    "19_a_directory_as_program" => untrusted(&[directory]),
    "19_a_memory_file" => untrusted(&[memory_file]),
    "19_our_own_file" => untrusted(&[own_file_by_link, own_file]),
    "21_a_script_where_its_rule_does_not_allow_one" => Refusal {
        calls: &[script],
        reason: "script",
        audit: Audit::Denies("script"),
        reached: the_script_ran,
    },
    "21_a_script_with_an_untrusted_interpreter" => Refusal {
        calls: &[interpreter],
        reason: "trust",
        audit: Audit::Denies("trust"),
        reached: the_script_ran,
    },
}

pub(in crate::cases) const CASES: &[Case] = &[
    attack("attack_19_a_set_uid_program_of_root_runs", set_uid),
    attack(
        "attack_19_a_root_directory_that_others_can_write_is_trusted_only_if_sticky",
        writable_root,
    ),
    attack(
        "attack_19_a_link_that_leads_nowhere_is_a_missing_program",
        dangling,
    ),
    attack(
        "attack_21_a_script_that_its_rule_allows_runs_by_its_real_path",
        script_runs,
    ),
];

/// What lies at the rule's path is not trusted, in either mode.
const fn untrusted(calls: &'static [fn(&Machine) -> Result<()>]) -> Refusal {
    Refusal {
        calls,
        reason: "trust",
        audit: Audit::Denies("trust"),
        reached: a_program_ran,
    }
}

const MODPROBE: &str = "/sbin/modprobe";
const BRIDGE: &str = "/sbin/bridge-stp";

/// A module is asked for, and the program of the rule is not run.
fn ask() -> Result<()> {
    ensure!(
        module::request_module("net-pf-9", true)? == 1 << 8,
        "the caller got another status"
    );
    Ok(())
}

/// `/sbin/modprobe` is a link to `target`.
fn modprobe_is(machine: &Machine, target: &str) -> Result<()> {
    machine.place(MODPROBE, |path| symlink(target, path))
}

/// As Buildroot installs busybox, which is its modprobe, too.
fn set_uid(machine: &Machine) -> Result<()> {
    machine.copy(MODPROBE, 0o4755)?;
    module::request_module("net-pf-9", true)?;
    ran(machine)
}

/// The only call was allowed, and its program ran.
fn ran(machine: &Machine) -> Result<()> {
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.end == "exited 0",
        "{answer:?}"
    );
    ensure!(
        crate::guest::records::all()?.len() == 1,
        "the program did not run once"
    );
    Ok(())
}

fn set_gid(machine: &Machine) -> Result<()> {
    machine.copy(MODPROBE, 0o755)?;
    // A change of the owner takes the bit away (chown(2)).
    chown(MODPROBE, None, Some(trigger::USER))?;
    std::fs::set_permissions(MODPROBE, std::fs::Permissions::from_mode(0o2755))?;
    ask()
}

fn writable(machine: &Machine, mode: u32) -> Result<()> {
    machine.copy(MODPROBE, mode)?;
    ask()
}

fn other_owner(machine: &Machine) -> Result<()> {
    machine.copy(MODPROBE, 0o755)?;
    chown(MODPROBE, Some(trigger::USER), None)?;
    ask()
}

fn on_tmpfs(machine: &Machine) -> Result<()> {
    machine.copy("/run/evil", 0o755)?;
    modprobe_is(machine, "/run/evil")?;
    ask()
}

fn writable_directory(machine: &Machine) -> Result<()> {
    machine.probe("/opt/umh/evil")?;
    std::fs::set_permissions("/opt/umh", std::fs::Permissions::from_mode(0o777))?;
    modprobe_is(machine, "/opt/umh/evil")?;
    ask()
}

/// An initramfs without an entry for `/` leaves the 01777 of a new tmpfs. Not
/// modprobe's rule, which runs a program by a policy file only: that would not
/// be trusted below such a root either.
fn writable_root(machine: &Machine) -> Result<()> {
    let root_is = |mode| std::fs::set_permissions("/", std::fs::Permissions::from_mode(mode));
    let judged = || {
        root_is(0o777)?;
        ensure!(call_bridge()? == 1 << 8, "the caller got another status");
        super::refused(machine, "trust")?;
        machine.end()?;
        machine.begin()?;
        machine.copy(BRIDGE, 0o755)?;
        root_is(0o1777)?;
        ensure!(call_bridge()? == 0, "the caller got another status");
        ran(machine)
    };
    machine.copy(BRIDGE, 0o755)?;
    let result = judged();
    root_is(0o755)?;
    result
}

fn circle(machine: &Machine) -> Result<()> {
    machine.place("/usr/sbin/umh-link-0", |path| symlink("umh-link-0", path))?;
    modprobe_is(machine, "umh-link-0")?;
    ask()
}

/// A chain of ten that does lead to a program.
fn chain(machine: &Machine) -> Result<()> {
    machine.probe("/usr/sbin/umh-link-0")?;
    for link in 1..=9 {
        machine.place(&format!("/usr/sbin/umh-link-{link}"), |path| {
            symlink(format!("umh-link-{}", link - 1), path)
        })?;
    }
    modprobe_is(machine, "umh-link-9")?;
    ask()
}

fn dangling(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "no-such-program")?;
    ensure!(
        module::request_module("net-pf-9", true)? == 1 << 8,
        "the caller got another status"
    );
    let answer = machine.answer()?;
    ensure!(answer.reason == "missing", "{answer:?}");
    Ok(())
}

fn directory(machine: &Machine) -> Result<()> {
    machine.place(MODPROBE, |path| std::fs::create_dir(path))?;
    ask()
}

fn memory_file(machine: &Machine) -> Result<()> {
    let file = rustix::fs::memfd_create("evil", rustix::fs::MemfdFlags::CLOEXEC)?;
    rustix::io::write(&file, &std::fs::read(PROBE)?)?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    modprobe_is(machine, &format!("/proc/1/fd/{number}"))?;
    ask()
}

fn own_file_by_link(machine: &Machine) -> Result<()> {
    modprobe_is(machine, "usermode-helper")?;
    ask()
}

fn own_file(machine: &Machine) -> Result<()> {
    machine.place(MODPROBE, |path| {
        std::fs::hard_link("/usr/sbin/usermode-helper", path)
    })?;
    ask()
}

/// Says by which words it was started.
const SCRIPT: &str = "#!/bin/busybox sh\necho \"$0 $*\" >/run/probe/stored\nexit 9\n";

fn script(machine: &Machine) -> Result<()> {
    machine.file(MODPROBE, 0o755, SCRIPT)?;
    ask()
}

fn the_script_ran() -> Result<bool> {
    Ok(std::path::Path::new(crate::probe::STORED).exists())
}

/// The built-in rule of bridge-stp allows a script: Debian's is one.
fn call_bridge() -> Result<i64> {
    module::call(
        HELPER,
        &[BRIDGE.as_bytes(), b"br0", b"start"],
        &[],
        Wait::Proc,
    )
}

fn script_runs(machine: &Machine) -> Result<()> {
    machine.file(BRIDGE, 0o755, SCRIPT)?;
    ensure!(call_bridge()? == 9 << 8, "the caller got another status");
    let said = std::fs::read_to_string(crate::probe::STORED)?;
    ensure!(
        said == "/usr/sbin/bridge-stp br0 start\n",
        "it was started as {said}"
    );
    Ok(())
}

fn interpreter(machine: &Machine) -> Result<()> {
    machine.file("/tmp/shell", 0o755, std::fs::read("/bin/busybox")?)?;
    machine.file(BRIDGE, 0o755, SCRIPT.replace("/bin/busybox", "/tmp/shell"))?;
    ensure!(call_bridge()? == 1 << 8, "the caller got another status");
    Ok(())
}
