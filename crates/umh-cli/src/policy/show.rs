// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy show`: what is in force, as one policy file.

use std::io::{self, Write};

use serde::Serialize;
use umh_helper::audit::Level;
use umh_helper::policy::{Mode, Rule, Run, Seccomp};
use umh_helper::toml::Strings;

use crate::failure::{Exit, Failure};
use crate::policy::{Ignored, Loaded};
use crate::report::Report;

/// The policy in force.
#[derive(Debug, Serialize)]
pub struct Shown {
    mode: &'static str,
    log: &'static str,
    mounts: Vec<String>,
    rules: Vec<RuleShown>,
    modules: Vec<FilterShown>,
    ignored: Vec<Ignored>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct RuleShown {
    name: String,
    caller: &'static str,
    paths: Vec<String>,
    args: Vec<String>,
    run: String,
    script: bool,
    caps: Option<Vec<&'static str>>,
    no_new_privs: bool,
    seccomp: Option<&'static str>,
    landlock_read: Option<Vec<String>>,
    landlock_write: Option<Vec<String>>,
    supervise: bool,
    timeout: Option<u32>,
    audit: bool,
    enabled: bool,
}

#[derive(Debug, Serialize)]
struct FilterShown {
    default: Option<&'static str>,
    allow: Vec<String>,
    deny: Vec<String>,
    widen: bool,
}

/// Reads the policy out.
pub fn show(loaded: &Loaded<'_>) -> Result<Shown, Failure> {
    let policy = &loaded.policy;
    let mut text = String::new();
    policy
        .show(&mut text)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    Ok(Shown {
        mode: match policy.mode {
            Mode::Enforce => "enforce",
            Mode::Audit => "audit",
        },
        log: match policy.log {
            Level::None => "none",
            Level::Denials => "denials",
            Level::All => "all",
        },
        mounts: strings(policy.mounts),
        rules: policy.rules().map(|rule| RuleShown::new(&rule)).collect(),
        modules: policy
            .filters()
            .map(|filter| FilterShown {
                default: filter
                    .allow_by_default
                    .map(|allow| if allow { "allow" } else { "deny" }),
                allow: strings(filter.allow),
                deny: strings(filter.deny),
                widen: filter.widen,
            })
            .collect(),
        ignored: loaded.ignored.clone(),
        text,
    })
}

impl RuleShown {
    fn new(rule: &Rule<'_>) -> Self {
        Self {
            name: rule.name.to_owned(),
            caller: rule.caller.name(),
            paths: strings(rule.paths),
            args: strings(rule.args),
            run: match rule.run {
                Run::Requested => "requested".to_owned(),
                Run::Builtin => "builtin".to_owned(),
                Run::Program(program) => program.to_owned(),
            },
            script: rule.script,
            caps: rule.caps.map(|caps| caps.names().collect()),
            no_new_privs: rule.no_new_privs,
            seccomp: (rule.seccomp == Seccomp::Default).then_some("default"),
            landlock_read: rule.landlock.map(|trees| strings(trees.read)),
            landlock_write: rule.landlock.map(|trees| strings(trees.write)),
            supervise: rule.supervise,
            timeout: rule.timeout,
            audit: rule.audit,
            enabled: rule.enabled,
        }
    }
}

fn strings(strings: Strings<'_>) -> Vec<String> {
    strings.iter().map(str::to_owned).collect()
}

impl Report for Shown {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for ignored in &self.ignored {
            writeln!(out, "# {ignored}")?;
        }
        out.write_all(self.text.as_bytes())
    }

    fn exit(&self) -> Exit {
        if self.ignored.is_empty() {
            Exit::Done
        } else {
            Exit::Finding
        }
    }
}
