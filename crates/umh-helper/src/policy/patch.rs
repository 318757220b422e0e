// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one table `[helper.NAME]` says about its rule.

use umh_abi::Caller;

use super::{Caps, Fault, Landlock, Rule, Run, Seccomp, args, path};
use crate::toml::{Entries, Entry, Strings, Value};

/// The longest a supervised program may be given: a day.
const TIMEOUT_MAX: u32 = 24 * 60 * 60;

/// The keys of a table; `None` where it has none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patch<'a> {
    pub(super) widen: bool,
    pub(super) caller: Option<Caller>,
    pub(super) paths: Option<Strings<'a>>,
    pub(super) args: Option<Strings<'a>>,
    run: Option<Run<'a>>,
    script: Option<bool>,
    caps: Option<Kept>,
    no_new_privs: Option<bool>,
    seccomp: Option<Seccomp>,
    landlock_read: Option<Strings<'a>>,
    landlock_write: Option<Strings<'a>>,
    supervise: Option<bool>,
    timeout: Option<u32>,
    audit: Option<bool>,
    enabled: Option<bool>,
}

/// What `caps` says.
#[derive(Clone, Copy, Debug)]
enum Kept {
    /// All that the kernel gave: `"all"`.
    All,
    /// These at most.
    Only(Caps),
}

impl<'a> Patch<'a> {
    /// Reads all keys; an unknown key or a value out of range is a fault.
    pub(super) fn read(entries: Entries<'a>) -> Result<Self, Fault<'a>> {
        let mut patch = Self::default();
        for entry in entries {
            match entry.key {
                "widen" => patch.widen = boolean(&entry)?,
                "caller" => patch.caller = Some(caller(&entry)?),
                "paths" => patch.paths = Some(programs(&entry)?),
                "args" => patch.args = Some(arguments(&entry)?),
                "run" => patch.run = Some(run(&entry)?),
                "script" => patch.script = Some(boolean(&entry)?),
                "caps" => patch.caps = Some(caps(&entry)?),
                "no_new_privs" => patch.no_new_privs = Some(boolean(&entry)?),
                "seccomp" => patch.seccomp = Some(seccomp(&entry)?),
                "landlock_read" => patch.landlock_read = Some(trees(&entry)?),
                "landlock_write" => patch.landlock_write = Some(trees(&entry)?),
                "supervise" => patch.supervise = Some(boolean(&entry)?),
                "timeout" => patch.timeout = Some(timeout(&entry)?),
                "mode" => patch.audit = Some(mode(&entry)?),
                "enabled" => patch.enabled = Some(boolean(&entry)?),
                _ => {
                    return Err(Fault::at(
                        &entry,
                        "unknown key: the keys are listed in umh-policy(5)",
                    ));
                }
            }
        }
        Ok(patch)
    }

    /// The rule that `base` becomes.
    pub(super) fn apply(&self, base: &Rule<'a>) -> Rule<'a> {
        let landlock = Landlock {
            read: self
                .landlock_read
                .or(base.landlock.map(|trees| trees.read))
                .unwrap_or(Strings::NONE),
            write: self
                .landlock_write
                .or(base.landlock.map(|trees| trees.write))
                .unwrap_or(Strings::NONE),
        };
        let confined =
            base.landlock.is_some() || self.landlock_read.or(self.landlock_write).is_some();
        Rule {
            name: base.name,
            caller: self.caller.unwrap_or(base.caller),
            paths: self.paths.unwrap_or(base.paths),
            args: self.args.unwrap_or(base.args),
            run: self.run.unwrap_or(base.run),
            script: self.script.unwrap_or(base.script),
            caps: match self.caps {
                Some(Kept::All) => None,
                Some(Kept::Only(caps)) => Some(caps),
                None => base.caps,
            },
            no_new_privs: self.no_new_privs.unwrap_or(base.no_new_privs),
            seccomp: self.seccomp.unwrap_or(base.seccomp),
            landlock: confined.then_some(landlock),
            supervise: self.supervise.unwrap_or(base.supervise),
            timeout: self.timeout.or(base.timeout),
            audit: self.audit.unwrap_or(base.audit),
            enabled: self.enabled.unwrap_or(base.enabled),
        }
    }
}

/// The string that the key stands for.
pub(super) fn string<'a>(entry: &Entry<'a>) -> Result<&'a str, Fault<'a>> {
    match entry.value {
        Value::String(string) => Ok(string),
        _ => Err(Fault::at(entry, "expected a string")),
    }
}

/// The strings that the key stands for.
pub(super) fn strings<'a>(entry: &Entry<'a>) -> Result<Strings<'a>, Fault<'a>> {
    match entry.value {
        Value::Strings(strings) => Ok(strings),
        _ => Err(Fault::at(entry, "expected an array of strings")),
    }
}

/// The truth value that the key stands for.
pub(super) fn boolean<'a>(entry: &Entry<'a>) -> Result<bool, Fault<'a>> {
    match entry.value {
        Value::Boolean(value) => Ok(value),
        _ => Err(Fault::at(entry, "expected true or false")),
    }
}

/// Paths of trees: absolute, in plain form, or `/` itself.
pub(super) fn trees<'a>(entry: &Entry<'a>) -> Result<Strings<'a>, Fault<'a>> {
    let trees = strings(entry)?;
    match trees
        .iter()
        .find(|tree| *tree != "/" && !path::is_plain(tree.as_bytes()))
    {
        Some(tree) => Err(Fault {
            line: entry.line,
            subject: tree,
            text: "not an absolute path in plain form",
        }),
        None => Ok(trees),
    }
}

fn caller<'a>(entry: &Entry<'a>) -> Result<Caller, Fault<'a>> {
    let name = string(entry)?;
    let fault = Fault {
        line: entry.line,
        subject: name,
        text: "no such caller: umh-policy(5) lists them",
    };
    Caller::named(name.as_bytes()).ok_or(fault)
}

fn programs<'a>(entry: &Entry<'a>) -> Result<Strings<'a>, Fault<'a>> {
    let programs = strings(entry)?;
    match programs
        .iter()
        .find_map(|program| Some((program, program_fault(program)?)))
    {
        Some((subject, text)) => Err(Fault {
            line: entry.line,
            subject,
            text,
        }),
        None => Ok(programs),
    }
}

fn arguments<'a>(entry: &Entry<'a>) -> Result<Strings<'a>, Fault<'a>> {
    let patterns = strings(entry)?;
    match args::fault(patterns) {
        Some((subject, text)) => Err(Fault {
            line: entry.line,
            subject,
            text,
        }),
        None => Ok(patterns),
    }
}

fn run<'a>(entry: &Entry<'a>) -> Result<Run<'a>, Fault<'a>> {
    match string(entry)? {
        "requested" => Ok(Run::Requested),
        "builtin" => Ok(Run::Builtin),
        program => match program_fault(program) {
            Some(text) => Err(Fault {
                line: entry.line,
                subject: program,
                text,
            }),
            None => Ok(Run::Program(program)),
        },
    }
}

/// What is wrong with a program's path, if anything.
fn program_fault(program: &str) -> Option<&'static str> {
    if !path::is_plain(program.as_bytes()) {
        return Some("not an absolute path in plain form");
    }
    path::is_under_proc(program.as_bytes())
        .then_some("a path under /proc may be any file: name the file")
}

fn caps<'a>(entry: &Entry<'a>) -> Result<Kept, Fault<'a>> {
    let names = match entry.value {
        Value::String("all") => return Ok(Kept::All),
        Value::Strings(names) => names,
        _ => {
            return Err(Fault::at(
                entry,
                "expected \"all\" or an array of capabilities",
            ));
        }
    };
    let caps = names.iter().try_fold(Caps::NONE, |caps, name| {
        let fault = Fault {
            line: entry.line,
            subject: name,
            text: "no such capability: write it as in capabilities(7), in lower case and without cap_",
        };
        Ok(caps.with(Caps::named(name).ok_or(fault)?))
    });
    caps.map(Kept::Only)
}

fn seccomp<'a>(entry: &Entry<'a>) -> Result<Seccomp, Fault<'a>> {
    match string(entry)? {
        "off" => Ok(Seccomp::Off),
        "default" => Ok(Seccomp::Default),
        _ => Err(Fault::at(entry, "expected \"default\" or \"off\"")),
    }
}

fn timeout<'a>(entry: &Entry<'a>) -> Result<u32, Fault<'a>> {
    let fault = Fault::at(entry, "expected a number of seconds from 1 to 86400");
    let Value::Integer(seconds) = entry.value else {
        return Err(fault);
    };
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| (1..=TIMEOUT_MAX).contains(seconds))
        .ok_or(fault)
}

fn mode<'a>(entry: &Entry<'a>) -> Result<bool, Fault<'a>> {
    match string(entry)? {
        "enforce" => Ok(false),
        "audit" => Ok(true),
        _ => Err(Fault::at(entry, "expected \"enforce\" or \"audit\"")),
    }
}
