// SPDX-License-Identifier: MIT OR Apache-2.0

//! Policy files that are broken, or that others can write (rows 17 and 18).

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use anyhow::{Result, ensure};

use super::{attack, refused};
use crate::cases::Case;
use crate::cases::modprobe::unload;
use crate::guest::{Machine, trigger};

/// What is ignored, is in audit mode too.
pub(in crate::cases) const FAULTS: &[Case] = &[
    attack(
        "attack_17_a_policy_file_with_a_fault_is_ignored_whole_and_loudly",
        faulty_text,
    ),
    attack(
        "attack_17_a_policy_file_that_others_can_write_is_ignored_whole_and_loudly",
        untrusted_file,
    ),
];

pub(in crate::cases) const CASES: &[Case] = &[
    attack(
        "attack_18_a_file_narrows_and_does_not_widen_by_accident",
        narrows_only,
    ),
    attack(
        "attack_18_a_file_in_etc_replaces_the_vendors_of_its_name",
        replaces,
    ),
];

const FILE: &str = "/etc/umh/policy.d/50-case.toml";

/// Refuses fs-minix, if it counts at all.
const DENIES: &str = "version = 1\n[modules]\ndeny = [\"fs-minix\"]\n";

/// The file is ignored: minix loads, and one critical line names the file or
/// the directory that is at fault.
fn is_ignored(machine: &Machine, what: &str) -> Result<()> {
    unload(&["minix"])?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "{what}: the file counts: {:?}",
        machine.answers_so_far()?
    );
    let lines = machine.lines()?;
    let loud = lines
        .iter()
        .any(|line| line.priority == 2 && line.text.contains("/etc/umh/policy.d"));
    ensure!(loud, "{what}: no critical line: {lines:?}");
    unload(&["minix"])
}

fn faulty_text(machine: &Machine) -> Result<()> {
    let long = format!("{DENIES}# {}\n", "x".repeat(65 * 1024));
    let deep = format!("{DENIES}deeper = {}{}\n", "[".repeat(200), "]".repeat(200));
    let texts = [
        ("a syntax error", format!("{DENIES}deny = [\n")),
        (
            "an unknown key",
            format!("{DENIES}[helper.modprobe]\nspeed = 1\n"),
        ),
        ("65 KiB", long),
        ("a NUL", format!("{DENIES}# \0\n")),
        ("a byte order mark", format!("\u{feff}{DENIES}")),
        ("deep nesting", deep),
    ];
    for (what, text) in texts {
        machine.begin()?;
        machine.policy(&text)?;
        is_ignored(machine, what)?;
        machine.end()?;
    }
    Ok(())
}

fn untrusted_file(machine: &Machine) -> Result<()> {
    type Spoil = fn() -> std::io::Result<()>;
    let spoils: [(&str, Spoil); 5] = [
        ("another owner", || chown(FILE, Some(trigger::USER), None)),
        ("mode 0666", || {
            std::fs::set_permissions(FILE, std::fs::Permissions::from_mode(0o666))
        }),
        ("a writable directory", || {
            std::fs::set_permissions("/etc/umh/policy.d", std::fs::Permissions::from_mode(0o777))
        }),
        ("a link", || {
            std::fs::rename(FILE, "/etc/umh/elsewhere")?;
            symlink("/etc/umh/elsewhere", FILE)
        }),
        ("a directory", || {
            std::fs::remove_file(FILE)?;
            std::fs::create_dir(FILE)
        }),
    ];
    for (what, spoil) in spoils {
        machine.begin()?;
        machine.policy(DENIES)?;
        spoil()?;
        is_ignored(machine, what)?;
        machine.end()?;
    }
    Ok(())
}

fn narrows_only(machine: &Machine) -> Result<()> {
    machine.policy(DENIES)?;
    unload(&["minix"])?;
    trigger::mount("minix");
    refused(machine, "module")?;
    machine.end()?;

    machine.begin()?;
    machine.probe("/usr/local/sbin/modprobe")?;
    let widening = "version = 1\n[helper.modprobe]\npaths = [\"/usr/local/sbin/modprobe\"]\nrun = \"requested\"\n";
    machine.policy(widening)?;
    machine.set(super::settings::MODPROBE, "/usr/local/sbin/modprobe")?;
    trigger::mount("minix");
    refused(machine, "path")?;

    machine.policy(&format!("{widening}widen = true\n"))?;
    machine.begin()?;
    trigger::mount("minix");
    machine.started("/usr/local/sbin/modprobe").map(drop)
}

fn replaces(machine: &Machine) -> Result<()> {
    machine.file("/usr/lib/umh/policy.d/50-case.toml", 0o600, DENIES)?;
    unload(&["minix"])?;
    trigger::mount("minix");
    refused(machine, "module")?;
    // An empty file masks.
    machine.begin()?;
    machine.policy("")?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "the vendor's file still counts: {:?}",
        machine.answers_so_far()?
    );
    unload(&["minix"])
}
