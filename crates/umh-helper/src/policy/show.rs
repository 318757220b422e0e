// SPDX-License-Identifier: MIT OR Apache-2.0

//! A policy in its file form: what `umh policy show` prints. Read back in
//! place of the built-in rules, it means the same.

use core::fmt::{Result, Write};

use super::{Mode, Policy, Rule, Run, Seccomp, defaults};
use crate::audit::Level;

impl Policy<'_> {
    /// Writes all that is in force.
    pub fn show(&self, out: &mut dyn Write) -> Result {
        let (mode, log) = (mode(self.mode == Mode::Audit), level(self.log));
        writeln!(
            out,
            "version = 1\nwiden = true\nmode = \"{mode}\"\nlog = \"{log}\""
        )?;
        write!(out, "\n[trust]\nwiden = true\nmounts = ")?;
        strings(out, "", self.mounts.iter())?;
        for rule in self.rules() {
            writeln!(out)?;
            rule.show(out)?;
        }
        for (index, filter) in self.filters().enumerate() {
            // A document has one table of a name; further files' are shown,
            // but as comments.
            let mark = if index == 0 { "" } else { "# " };
            writeln!(out, "\n{mark}[modules]")?;
            if let Some(allow) = filter.allow_by_default {
                writeln!(
                    out,
                    "{mark}default = \"{}\"",
                    if allow { "allow" } else { "deny" }
                )?;
            }
            for (key, names) in [("allow", filter.allow), ("deny", filter.deny)] {
                write!(out, "{mark}{key} = ")?;
                strings(out, mark, names.iter())?;
            }
            if let Some(run) = filter.install {
                let word = if run { "run" } else { "refuse" };
                writeln!(out, "{mark}install = \"{word}\"")?;
            }
            if filter.widen {
                writeln!(out, "{mark}widen = true")?;
            }
        }
        Ok(())
    }
}

impl Rule<'_> {
    /// Writes the rule's table; keys that say nothing are left out.
    pub fn show(&self, out: &mut dyn Write) -> Result {
        writeln!(out, "[helper.{}]", Quoted(self.name))?;
        writeln!(out, "caller = \"{}\"", self.caller.name())?;
        write!(out, "paths = ")?;
        strings(out, "", self.paths.iter())?;
        write!(out, "args = ")?;
        strings(out, "", self.args.iter())?;
        match self.run {
            Run::Requested => writeln!(out, "run = \"requested\"")?,
            Run::Builtin => writeln!(out, "run = \"builtin\"")?,
            Run::Program(program) => writeln!(out, "run = {}", Quoted(program))?,
        }
        match self.caps {
            Some(caps) => {
                write!(out, "caps = ")?;
                strings(out, "", caps.names())?;
            }
            // Left out it would mean those of the built-in rule.
            None if defaults::keeps_less_than_all(self.name) => writeln!(out, "caps = \"all\"")?,
            None => {}
        }
        if let Some(landlock) = self.landlock {
            for (key, trees) in [("read", landlock.read), ("write", landlock.write)] {
                write!(out, "landlock_{key} = ")?;
                strings(out, "", trees.iter())?;
            }
        }
        if let Some(seconds) = self.timeout {
            writeln!(out, "timeout = {seconds}")?;
        }
        let said = [
            (self.script, "script = true"),
            (self.no_new_privs, "no_new_privs = true"),
            (self.seccomp == Seccomp::Default, "seccomp = \"default\""),
            (!self.supervise, "supervise = false"),
            (self.audit, "mode = \"audit\""),
            (!self.enabled, "enabled = false"),
        ];
        for (_, line) in said.iter().filter(|(said, _)| *said) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "widen = true")
    }
}

/// A string in the quotes that it needs; none has both kinds, because a
/// string without escapes cannot.
struct Quoted<'a>(&'a str);

impl core::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> Result {
        let quote = if self.0.contains(['"', '\\']) {
            '\''
        } else {
            '"'
        };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// Writes an array: on one line if it is short, else one string a line, each
/// line after `mark`.
fn strings<'s>(
    out: &mut dyn Write,
    mark: &str,
    strings: impl Iterator<Item = &'s str> + Clone,
) -> Result {
    let length: usize = strings.clone().map(|string| string.len() + 4).sum();
    if length > 70 {
        writeln!(out, "[")?;
        for string in strings {
            writeln!(out, "{mark}    {},", Quoted(string))?;
        }
        return writeln!(out, "{mark}]");
    }
    write!(out, "[")?;
    for (index, string) in strings.enumerate() {
        write!(
            out,
            "{}{}",
            if index == 0 { "" } else { ", " },
            Quoted(string)
        )?;
    }
    writeln!(out, "]")
}

const fn mode(audit: bool) -> &'static str {
    if audit { "audit" } else { "enforce" }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::None => "none",
        Level::Denials => "denials",
        Level::All => "all",
    }
}
