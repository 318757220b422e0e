// SPDX-License-Identifier: MIT OR Apache-2.0

//! A file may narrow what is in force; to widen it, it must say so.
//!
//! Narrower means: allows no call that was refused, and gives what answers
//! no program, file, time or privilege that it did not have.

use umh_abi::Caller;

use super::patch::Patch;
use super::{Rule, Run, args};

/// What one key needs to be accepted: the key and what is wrong.
type Refusal = (&'static str, &'static str);

/// What a table makes of the rule of its name, if there is one.
pub(super) fn merge<'a>(
    name: &'a str,
    base: Option<&Rule<'a>>,
    patch: &Patch<'a>,
) -> Result<Rule<'a>, Refusal> {
    let rule = match base {
        Some(base) => patch.apply(base),
        None => patch.apply(&new(name, patch)?),
    };
    if rule.run == Run::Builtin && !has_builtin(rule.caller) {
        return Err((
            "run",
            "umh has no built-in answer to this caller: name a program",
        ));
    }
    if rule.timeout.is_some() && !rule.supervise {
        return Err((
            "timeout",
            "only a supervised program can be ended: remove `supervise = false`",
        ));
    }
    if !rule.supervise && matches!(rule.caller, Caller::Poweroff | Caller::Reboot) {
        return Err((
            "supervise",
            "who brings the machine down must be waited for, or nobody does it when the program cannot: remove `supervise = false`",
        ));
    }
    match base
        .filter(|_| !patch.widen)
        .and_then(|base| wider(base, &rule))
    {
        Some(key) => Err((
            key,
            "allows more than the rule in force: narrow it, or add `widen = true`",
        )),
        None => Ok(rule),
    }
}

/// Whether umh itself can answer the caller.
pub const fn has_builtin(caller: Caller) -> bool {
    matches!(
        caller,
        Caller::Modprobe
            | Caller::Poweroff
            | Caller::Reboot
            | Caller::ReleaseAgent
            | Caller::RequestKey
    )
}

/// The rule that a new name starts from.
fn new<'a>(name: &'a str, patch: &Patch<'a>) -> Result<Rule<'a>, Refusal> {
    if !patch.widen {
        return Err((
            "widen",
            "a rule with a new name allows something: add `widen = true`",
        ));
    }
    let caller = patch
        .caller
        .ok_or(("caller", "missing: a rule with a new name needs it"))?;
    patch
        .paths
        .ok_or(("paths", "missing: a rule with a new name needs it"))?;
    patch.args.ok_or((
        "args",
        "missing: a rule with a new name needs it, `args = []` for none",
    ))?;
    Ok(Rule::new(name, caller))
}

/// The key in which `new` is not narrower than `old`.
fn wider(old: &Rule<'_>, new: &Rule<'_>) -> Option<&'static str> {
    let caps = match (old.caps, new.caps) {
        (None, _) => true,
        (Some(old), Some(new)) => new.within(old),
        (Some(_), None) => false,
    };
    let (read, write) = match (old.landlock, new.landlock) {
        (None, _) => (true, true),
        (Some(old), Some(new)) => (new.read.within(old.read), new.write.within(old.write)),
        (Some(_), None) => (false, false),
    };
    let timeout = match (old.timeout, new.timeout) {
        (None, _) => true,
        (Some(old), Some(new)) => new <= old,
        (Some(_), None) => false,
    };
    let narrower = [
        ("caller", new.caller == old.caller),
        ("paths", new.paths.within(old.paths)),
        ("args", args::within(new.args, old.args, old.caller)),
        ("run", new.run == old.run || new.run == Run::Builtin),
        ("script", old.script || !new.script),
        ("caps", caps),
        ("no_new_privs", new.no_new_privs || !old.no_new_privs),
        (
            "seccomp",
            new.seccomp == old.seccomp || old.seccomp == super::Seccomp::Off,
        ),
        ("landlock_read", read),
        ("landlock_write", write),
        ("timeout", timeout),
        ("mode", old.audit || !new.audit),
        ("enabled", old.enabled || !new.enabled),
    ];
    narrower
        .iter()
        .find(|(_, narrower)| !narrower)
        .map(|(key, _)| *key)
}
