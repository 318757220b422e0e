// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `umh log` and `umh status` tell, held against the kernel and against the ring.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use umh_abi::Caller;
use umh_helper::verdict::Decision;

use super::{LLC, install};
use crate::cases::attacks::settings::{MODPROBE, UNKNOWN_FAMILY};
use crate::cases::coredump::PATTERN;
use crate::cases::modprobe::unload;
use crate::guest::answers::{Answer, totals};
use crate::guest::umh::{umh, umh_as_user};
use crate::guest::{Machine, trigger};

fn autoload() -> Result<()> {
    unload(&["llc2"])?;
    trigger::socket(LLC)?;
    ensure!(trigger::is_loaded("llc2")?, "llc2 was not loaded");
    unload(&["llc2"])
}

/// A crash is to be "handled" by modprobe: the way that is left where the
/// kernel itself runs what a setting names.
fn attack(machine: &Machine) -> Result<()> {
    machine.set(PATTERN, "|/usr/lib/umh/modprobe -q -- %e")?;
    trigger::crash("minix", 0)?;
    ensure!(
        !trigger::is_loaded("minix")?,
        "a process name chose a module"
    );
    if machine.kernel.has_option() {
        machine.set(MODPROBE, "/tmp/evil")?;
        trigger::socket(UNKNOWN_FAMILY)?;
        std::fs::write(MODPROBE, "/usr/lib/umh/modprobe")?;
    }
    Ok(())
}

fn attacks(machine: &Machine) -> usize {
    if machine.kernel.has_option() { 2 } else { 1 }
}

/// That a record tells of the same call as the ring's own.
fn is_of(record: &Value, answer: &Answer) -> Result<()> {
    let argv: Vec<String> = answer
        .argv
        .iter()
        .map(|word| word.escape_ascii().to_string())
        .collect();
    let end = [&record["end"], &record["status"]].map(|value| match value {
        Value::String(word) => word.clone(),
        other => other.to_string(),
    });
    ensure!(
        record["ticket"] == answer.ticket
            && record["pid"] == answer.pid
            && record["caller"] == answer.caller
            && record["argv"] == json!(argv)
            && record["decision"] == answer.decision
            && record["why"] == answer.reason
            && record["answer"].as_str().unwrap_or_default() == answer.target
            && end.join(" ") == answer.end,
        "{record} is not {answer:?}"
    );
    Ok(())
}

pub(super) fn log(machine: &Machine) -> Result<()> {
    install()?;
    autoload()?;
    let answer = machine.answer()?;
    let records = umh(&["log", "--json"])?.ended(0)?.records()?;
    let [record] = records.as_slice() else {
        anyhow::bail!("{records:?}");
    };
    is_of(record, &answer)?;
    ensure!(
        record["caller"] == "modprobe"
            && record["argv"] == json!(["/usr/lib/umh/modprobe", "-q", "--", "net-pf-26"])
            && record["rule"] == "modprobe"
            && record["decision"] == "allow"
            && record["end"] == "answered"
            && record["status"] == 0
            && record["unfinished"] == false,
        "{record}"
    );
    let text = umh(&["log"])?.ended(0)?.text;
    let shown = text.lines().filter(|line| line.contains("net-pf-26"));
    ensure!(shown.count() == 1, "{text}");
    // The ring is root's.
    umh_as_user(&["log"])?.ended(3)?;
    Ok(())
}

pub(super) fn log_denied(machine: &Machine) -> Result<()> {
    install()?;
    autoload()?;
    attack(machine)?;
    autoload()?;
    let count = attacks(machine);
    let answers = machine.answers(count + 2)?;
    ensure!(answers.len() == count + 2, "{answers:?}");
    let denied: Vec<_> = answers
        .iter()
        .filter(|answer| answer.decision == "deny")
        .collect();

    let records = umh(&["log", "--denied", "--json"])?.ended(0)?.records()?;
    ensure!(
        records.len() == count && denied.len() == count,
        "{records:?}"
    );
    for (record, answer) in records.iter().zip(denied) {
        is_of(record, answer)?;
    }
    let first = records.first().context("no record")?;
    ensure!(
        first["argv"] == json!(["/usr/lib/umh/modprobe", "-q", "--", "minix"])
            && first["why"] == "caller",
        "{first}"
    );
    if machine.kernel.has_option() {
        let last = records.last().context("no record")?;
        ensure!(
            last["argv"] == json!(["/tmp/evil", "-q", "--", "net-pf-9"]) && last["why"] == "path",
            "{last}"
        );
    }
    let all = umh(&["log", "--json"])?.ended(0)?.records()?;
    ensure!(all.len() == count + 2, "{all:?}");
    Ok(())
}

pub(super) fn status(machine: &Machine) -> Result<()> {
    install()?;
    autoload()?;
    attack(machine)?;
    machine.answers(attacks(machine) + 1)?;
    let status = umh(&["status", "--json"])?.ended(0)?.json()?;

    let option = &status["option"];
    if machine.kernel.has_option() {
        ensure!(
            option["state"] == "on"
                && option["path"] == "/sbin/usermode-helper"
                && option["source"] == "/proc/config.gz",
            "{option}"
        );
    } else {
        ensure!(option["state"] == "off", "{option}");
    }
    let sum = std::process::Command::new("/bin/busybox")
        .args(["sha256sum", "/sbin/usermode-helper"])
        .output()?;
    let sum = String::from_utf8(sum.stdout)?;
    let helper = &status["helper"];
    ensure!(
        helper["present"] == true
            && helper["mode"] == "0700"
            && helper["sha256"].as_str() == sum.split(' ').next(),
        "{helper}, {sum}"
    );
    ensure!(status["mode"] == "enforce", "{status}");

    let totals = totals()?.context("no ring")?;
    let counters = &status["counters"];
    for &caller in Caller::ALL {
        let calls = |decision| totals.calls(Some(caller), decision);
        let told = counters["callers"].as_array().context("no callers")?;
        let told = told.iter().find(|told| told["caller"] == caller.name());
        for (key, decision) in [("allow", Decision::Allow), ("deny", Decision::Deny)] {
            let told = told.map_or(0, |told| told[key].as_u64().unwrap_or(0));
            ensure!(
                told == calls(decision),
                "{} {key}: {counters}",
                caller.name()
            );
        }
    }
    ensure!(
        totals.calls(Some(Caller::Modprobe), Decision::Allow) == 1,
        "{counters}"
    );
    ensure!(counters["refused"]["caller"] == 1, "{counters}");
    let denials = counters["denials"].as_array().context("no denials")?;
    ensure!(denials.len() == attacks(machine), "{counters}");

    // What an attacker set is told as long as it is set.
    leads(&status, "kernel.modprobe", "/usr/lib/umh/modprobe", "umh")?;
    leads(
        &status,
        "kernel.poweroff_cmd",
        "/usr/lib/umh/poweroff",
        "umh",
    )?;
    leads(
        &status,
        "kernel.core_pattern",
        "|/usr/lib/umh/modprobe -q -- %e",
        "umh",
    )?;
    machine.set(MODPROBE, "/tmp/evil")?;
    let status = umh(&["status", "--json"])?.json()?;
    leads(&status, "kernel.modprobe", "/tmp/evil", "elsewhere")
}

fn leads(status: &Value, name: &str, value: &str, leads: &str) -> Result<()> {
    let settings = status["settings"].as_array().context("no settings")?;
    let setting = settings.iter().find(|setting| setting["name"] == name);
    let setting = setting.with_context(|| format!("no {name}: {status}"))?;
    ensure!(
        setting["value"] == value && setting["leads"] == leads,
        "{setting}"
    );
    Ok(())
}

pub(super) fn status_for_a_user(machine: &Machine) -> Result<()> {
    install()?;
    autoload()?;
    machine.answer()?;
    let status = umh_as_user(&["status", "--json"])?.json()?;
    let state = if machine.kernel.has_option() {
        "on"
    } else {
        "off"
    };
    ensure!(status["option"]["state"] == state, "{status}");
    ensure!(
        status["helper"]["present"] == true && status["helper"]["sha256"].is_null(),
        "{status}"
    );
    ensure!(status["counters"].is_null(), "{status}");
    let unread = status["unread"].as_array().context("unread")?;
    for place in ["/run/umh", "/sbin/usermode-helper"] {
        let named = unread.iter().filter_map(Value::as_str);
        ensure!(
            named.into_iter().any(|line| line.contains(place)),
            "{status}"
        );
    }
    Ok(())
}
