// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy check`: what is wrong, useless or dangerous in policy files.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use umh_helper::policy::{Origin, Policy, Rule, Run, args as words, has_builtin};
use umh_helper::sys::{PathBuffer, Root};
use umh_helper::toml::{Document, Value};
use umh_helper::trust::Fault;
use umh_helper::verdict::Reason;

use crate::failure::{Exit, Failure};
use crate::log::record::text;
use crate::paths;
use crate::policy::answer::walk;
use crate::policy::{Ignored, Loaded};
use crate::report::{BAD, DIM, GOOD, Report, WARN, styled};
use crate::tree::Tree;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// The files that were read.
    pub files: Vec<String>,
    /// Those that are not in force.
    pub ignored: Vec<Ignored>,
    /// What deserves a change.
    pub findings: Vec<Finding>,
    /// What files open beyond the policy before them.
    pub widens: Vec<Widens>,
    /// What could not be looked at, and why.
    pub unchecked: Vec<String>,
}

/// Something that deserves a change.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// `unreachable`, `overlap`, `trust`, `script`.
    pub kind: &'static str,
    /// The rule.
    pub rule: String,
    /// What is wrong with it.
    pub what: String,
}

/// A `widen = true`.
#[derive(Debug, Serialize)]
pub struct Widens {
    /// The file.
    pub file: String,
    /// The table that says it; empty for the keys before any table.
    pub table: String,
    /// The line.
    pub line: u32,
}

/// Checks `files`, on top of what is installed; without any, what is.
pub fn check(
    files: &[PathBuf],
    tree: &Tree,
    root: &Root,
    loaded: &Loaded<'_>,
) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    let texts = if files.is_empty() {
        installed(tree, &mut checked)
    } else {
        given(files)?
    };
    let mut policy = loaded.policy;
    if files.is_empty() {
        checked.ignored.clone_from(&loaded.ignored);
    } else {
        for (file, text) in &texts {
            match policy.with_file(text, Origin::Admin) {
                Ok(next) => policy = next,
                Err(fault) => checked.ignored.push(Ignored::new(
                    file.clone(),
                    fault.line,
                    fault.subject,
                    fault.text,
                )),
            }
        }
    }

    for (file, text) in &texts {
        widens(file, text, &mut checked.widens);
    }
    unreachable(&policy, &mut checked.findings);
    let loaded = Loaded {
        policy,
        ignored: Vec::new(),
        owner: loaded.owner,
    };
    for rule in loaded.policy.rules().filter(|rule| rule.enabled) {
        targets(&rule, &loaded, root, &mut checked);
    }
    checked.files = texts.into_iter().map(|(file, _)| file).collect();
    Ok(checked)
}

type Texts = Vec<(String, Vec<u8>)>;

fn given(files: &[PathBuf]) -> Result<Texts, Failure> {
    let read = |file: &PathBuf| match std::fs::read(file) {
        Ok(text) => Ok((file.display().to_string(), text)),
        Err(error) => Err(Failure::io("read", file.display(), &error)),
    };
    files.iter().map(read).collect()
}

fn installed(tree: &Tree, checked: &mut Checked) -> Texts {
    let mut texts = Vec::new();
    for directory in [paths::VENDOR_POLICY, paths::ADMIN_POLICY] {
        let names = tree.list(directory).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                checked
                    .unchecked
                    .push(format!("{}: {error}", tree.show(directory)));
            }
            Vec::new()
        });
        for name in names
            .iter()
            .filter_map(|name| name.to_str())
            .filter(|name| name.ends_with(".toml"))
        {
            let file = format!("{directory}/{name}");
            match tree.read(&file) {
                Ok(text) => texts.push((file, text)),
                Err(error) => checked
                    .unchecked
                    .push(format!("{}: {error}", tree.show(&file))),
            }
        }
    }
    texts
}

fn widens(file: &str, text: &[u8], found: &mut Vec<Widens>) {
    let Ok(document) = Document::read(text) else {
        return;
    };
    for section in document.sections() {
        let entries = section
            .entries()
            .filter(|entry| entry.key == "widen" && entry.value == Value::Boolean(true));
        found.extend(entries.map(|entry| Widens {
            file: file.to_owned(),
            table: section.path.names().join("."),
            line: entry.line,
        }));
    }
}

/// Rules that an earlier one leaves nothing to, whole or in part.
fn unreachable(policy: &Policy<'_>, found: &mut Vec<Finding>) {
    let rules: Vec<_> = policy.rules().collect();
    for (index, rule) in rules.iter().enumerate() {
        if rule.paths.is_empty() && rule.enabled {
            let what = "lists no program, so it never matches: set `paths`, or `enabled = false`"
                .to_owned();
            found.push(Finding {
                kind: "unreachable",
                rule: rule.name.to_owned(),
                what,
            });
        }
        for earlier in rules.iter().take(index) {
            let comes_first = earlier.enabled && earlier.caller == rule.caller;
            if !comes_first || !words::within(rule.args, earlier.args, rule.caller) {
                continue;
            }
            let shared: Vec<_> = rule
                .paths
                .iter()
                .filter(|path| earlier.paths.contains(path))
                .collect();
            let all = shared.len() == rule.paths.iter().count();
            if !shared.is_empty() {
                found.push(Finding {
                    kind: if all { "unreachable" } else { "overlap" },
                    rule: rule.name.to_owned(),
                    what: format!(
                        "rule {} comes before it for {}",
                        earlier.name,
                        shared.join(" ")
                    ),
                });
            }
        }
    }
}

/// The programs that a rule would run. One that is not installed is no
/// finding: the compiled-in rules name what any machine may have.
fn targets(rule: &Rule<'_>, loaded: &Loaded<'_>, root: &Root, checked: &mut Checked) {
    let programs: Vec<_> = match rule.run {
        Run::Builtin => Vec::new(),
        Run::Program(program) => vec![program],
        Run::Requested => rule.paths.iter().collect(),
    };
    for program in programs {
        let mut path = PathBuffer::new();
        let Err(fault) = walk(loaded, root, program.as_bytes(), rule.script, &mut path) else {
            continue;
        };
        if fault == Fault::OwnFile && has_builtin(rule.caller) {
            // As `umh install` links it where no handler is: umh answers.
            continue;
        }
        if fault == Fault::Errno(rustix::io::Errno::ACCESS) {
            let path = text(path.as_bytes());
            checked.unchecked.push(format!(
                "rule {}: {path}: this user may not look at it",
                rule.name
            ));
        } else if fault.reason() != Reason::Missing {
            let what = format!(
                "{program} would not run: {}: {}",
                text(path.as_bytes()),
                fault.words()
            );
            checked.findings.push(Finding {
                kind: fault.reason().name(),
                rule: rule.name.to_owned(),
                what,
            });
        }
    }
}

impl Report for Checked {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for ignored in &self.ignored {
            writeln!(out, "{} {ignored}", styled(BAD, "error  "))?;
        }
        for Finding { kind, rule, what } in &self.findings {
            writeln!(
                out,
                "{} {kind}: rule {rule}: {what}",
                styled(WARN, "finding")
            )?;
        }
        for Widens { file, table, line } in &self.widens {
            let table = if table.is_empty() {
                "the policy"
            } else {
                table
            };
            writeln!(
                out,
                "{} {file}: line {line}: widens {table}",
                styled(DIM, "widen  ")
            )?;
        }
        for what in &self.unchecked {
            writeln!(out, "{} {what}; run it as root", styled(DIM, "not seen"))?;
        }
        if self.ignored.is_empty() && self.findings.is_empty() {
            let files = self.files.len();
            writeln!(
                out,
                "{} {files} file{} read, nothing found",
                styled(GOOD, "ok     "),
                if files == 1 { "" } else { "s" }
            )?;
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        match (self.ignored.is_empty(), self.findings.is_empty()) {
            (false, _) => Exit::Wrong,
            (true, false) => Exit::Finding,
            (true, true) => Exit::Done,
        }
    }
}
