// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy explain`, held against what the kernel's call then gets.

use anyhow::{Context as _, Result, ensure};
use umh_abi::Wait;

use super::install;
use crate::cases::external::{HELPER, needs_module};
use crate::cases::modprobe::unload;
use crate::guest::answers::Answer;
use crate::guest::umh::{Said, umh};
use crate::guest::{Machine, module, trigger};

/// The environment of modprobe's call.
const ENVIRONMENT: [&str; 3] = ["HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin"];

/// Calls of every kind of refusal, and one that is answered. Each is made by
/// the kernel, and explained.
pub(super) fn agrees_with_the_kernel(machine: &Machine) -> Result<()> {
    needs_module()?;
    install()?;
    unload(&["minix"])?;
    machine.policy("version = 1\n[modules]\ndeny = [\"net-pf-9\"]\n")?;
    let modprobe = |program, name| vec![program, "-q", "--", name];
    let calls = [
        (modprobe("/tmp/evil", "net-pf-26"), "path"),
        (modprobe("/sbin/poweroff", "net-pf-26"), "caller"),
        (modprobe("modprobe", "net-pf-26"), "name"),
        (modprobe("/sbin/modprobe", "-C/tmp"), "args"),
        (modprobe("/sbin/modprobe", "net-pf-9"), "module"),
        (modprobe("/usr/lib/umh/modprobe", "net-pf-9"), "module"),
        (vec!["/sbin/bridge-stp", "br0", "start"], "missing"),
        (vec!["/tmp/evil", "1", "2", "3", "4", "5"], "caller"),
        (modprobe("/sbin/modprobe", "fs-minix"), "rule"),
    ];
    for (argv, reason) in calls {
        machine.begin()?;
        agrees(machine, &argv, reason).with_context(|| argv.join(" "))?;
    }
    ensure!(trigger::is_loaded("minix")?, "minix was not loaded");
    unload(&["minix"])
}

fn agrees(machine: &Machine, argv: &[&str], reason: &str) -> Result<()> {
    // bridge-stp's caller passes no environment.
    let environment: &[&str] = match argv {
        ["/sbin/bridge-stp", ..] => &[],
        _ => &ENVIRONMENT,
    };
    let mut explained = vec![explained(argv, environment)?];
    // By its arguments alone, this one could be a power-off.
    if !argv.contains(&"5") {
        explained.push(self::explained(argv, &[])?);
    }
    ensure!(
        machine.answers_so_far()?.is_empty(),
        "to explain is not to call"
    );

    let bytes =
        |words: &[&'static str]| words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>();
    let words: Vec<&[u8]> = argv.iter().map(|word| word.as_bytes()).collect();
    let result = module::call(HELPER, &words, &bytes(environment), Wait::Proc)?;
    let answer = machine.answer()?;
    ensure!(answer.reason == reason, "{answer:?}");
    for said in explained {
        tells_of(&said, &answer, result)?;
    }
    Ok(())
}

fn explained(argv: &[&str], environment: &[&str]) -> Result<Said> {
    let mut words = vec!["policy", "explain", "--json"];
    words.extend(environment.iter().flat_map(|word| ["--env", word]));
    words.push("--");
    words.extend(argv);
    umh(&words)
}

/// That the explanation is what happened: `result` is what the kernel's
/// caller got.
fn tells_of(said: &Said, answer: &Answer, result: i64) -> Result<()> {
    let told = said.json()?;
    ensure!(
        told["decision"] == answer.decision
            && told["why"] == answer.reason
            && told["caller"].as_str().unwrap_or("?") == answer.caller
            && told["rule"].as_str().unwrap_or("-") == rule(answer),
        "{told} is not {answer:?}"
    );
    if answer.decision == "allow" {
        ensure!(said.status == Some(0) && result == 0, "{said:?}, {result}");
        let answers = &told["answer"];
        let target = match answers["kind"].as_str() {
            Some("builtin") => &answers["kind"],
            _ => &answers["path"],
        };
        ensure!(*target == answer.target, "{told}, {answer:?}");
    } else {
        ensure!(said.status == Some(1), "{said:?}");
        let status = told["status"].as_i64().context("no status")?;
        ensure!(result == status << 8, "the caller got {result}: {told}");
    }
    Ok(())
}

fn rule(answer: &Answer) -> &str {
    match answer.rule.as_str() {
        "" => "-",
        name => name,
    }
}
