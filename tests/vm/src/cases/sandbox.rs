// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a rule takes from its program, and what a rule writes to the log.

use anyhow::{Result, ensure};

use super::{Case, on_all, on_option};
use crate::guest::{Machine, module, trigger};

pub(super) const CASES: &[Case] = &[
    on_option("a_rule_confines_its_program", confined),
    on_option(
        "a_rule_in_audit_mode_lets_through_and_logs",
        rule_in_audit_mode,
    ),
    on_all("a_program_gets_nothing_that_its_caller_did_not_give", clean),
    on_all("with_log_all_an_allowed_call_has_its_line", log_all),
];

const MODPROBE: &str = "/sbin/modprobe";
const POWEROFF: &str = "/sbin/poweroff";

/// The rule of poweroff leaves all capabilities, so that only the filter and
/// Landlock can be what refuses.
fn confined(machine: &Machine) -> Result<()> {
    super::external::needs_module()?;
    machine.probe(POWEROFF)?;
    machine.order(
        "poweroff",
        "write /etc/umh-vm-test\nwrite /run/probe/written\nunshare",
    )?;
    let poweroff = "version = 1\n[helper.poweroff]\n";
    machine.policy(&format!(
        "{poweroff}no_new_privs = true\nseccomp = \"default\"\n\
         landlock_read = [\"/\"]\nlandlock_write = [\"/run/probe\", \"/dev\"]\n"
    ))?;
    module::orderly_poweroff(false)?;
    let record = machine.started(POWEROFF)?;
    ensure!(record.one("no-new-privs")? == "1", "{:?}", record.lines);
    ensure!(record.one("seccomp")? == "2", "{:?}", record.lines);
    ensure!(
        record.one("caps")? == "000001ffffffffff",
        "{:?}",
        record.lines
    );
    let writes = record.all("write");
    ensure!(writes.contains(&"/run/probe/written 1"), "{writes:?}");
    let refused = writes
        .iter()
        .any(|line| line.starts_with("/etc/umh-vm-test failed: Permission denied"));
    ensure!(refused, "{writes:?}");
    ensure!(
        record.one("unshare")?.starts_with("failed"),
        "{:?}",
        record.lines
    );
    machine.answer()?;
    machine.end()?;

    // The same work without these keys succeeds.
    machine.begin()?;
    machine.probe(POWEROFF)?;
    machine.order("poweroff", "write /etc/umh-vm-test\nunshare")?;
    module::orderly_poweroff(false)?;
    let record = machine.started(POWEROFF)?;
    std::fs::remove_file("/etc/umh-vm-test")?;
    ensure!(record.one("unshare")? == "0", "{:?}", record.lines);
    machine.answer().map(drop)
}

fn rule_in_audit_mode(machine: &Machine) -> Result<()> {
    machine.probe(POWEROFF)?;
    machine.policy("version = 1\n[helper.poweroff]\nwiden = true\nmode = \"audit\"\n")?;
    super::external::needs_module()?;
    machine.set(super::poweroff::SETTING, "/sbin/poweroff --wait")?;
    module::orderly_poweroff(false)?;
    machine.started("/sbin/poweroff")?;
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "audit" && answer.reason == "args",
        "{answer:?}"
    );
    Ok(())
}

fn clean(machine: &Machine) -> Result<()> {
    machine.probe(MODPROBE)?;
    trigger::socket(9)?;
    let record = machine.started(MODPROBE)?;
    ensure!(
        record.all("fd") == ["0 \"/dev/null\"", "1 \"/dev/null\"", "2 \"/dev/null\""],
        "{:?}",
        record.lines
    );
    let expected = [
        ("uid", "0 0 0 0"),
        ("gid", "0 0 0 0"),
        ("umask", "0022"),
        ("caps-inheritable", "0000000000000000"),
        ("caps-ambient", "0000000000000000"),
        ("signals-blocked", "0000000000000000"),
        ("signals-ignored", "0000000000000000"),
    ];
    for (key, value) in expected {
        ensure!(record.one(key)? == value, "{key}: {}", record.one(key)?);
    }
    Ok(())
}

fn log_all(machine: &Machine) -> Result<()> {
    machine.policy("version = 1\nlog = \"all\"\n")?;
    trigger::mount("umh_no_such_fs");
    let answer = machine.answer()?;
    let lines = machine.lines()?;
    let line = lines
        .iter()
        .find(|line| line.priority == 6 && line.text.starts_with("umh: allow caller=modprobe "));
    ensure!(
        line.is_some_and(|line| line.text.contains(" status=1")),
        "{answer:?}: {lines:?}"
    );
    Ok(())
}
