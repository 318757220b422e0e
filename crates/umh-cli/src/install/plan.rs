// SPDX-License-Identifier: MIT OR Apache-2.0

//! What an installation or a removal will do, decided before it begins.

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::install::item::{Item, State};
use crate::install::manifest::Manifest;
use crate::install::settings::Change;
use crate::report::{BAD, DIM, GOOD, Report, WARN, styled};
use crate::tree::Tree;

/// The steps, or the reasons against them.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// Whether the steps were taken.
    pub done: bool,
    /// Whether they were only to be shown.
    pub dry_run: bool,
    /// What stands against it; with any of these nothing is changed.
    pub refusals: Vec<Refusal>,
    /// One for each path.
    pub steps: Vec<Step>,
    /// Settings of the kernel.
    pub settings: Vec<Change>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Why umh does not go on, and how to.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// What is in the way.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// What happens at one path.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What is done there.
    pub act: Act,
    /// Where, inside the tree.
    pub path: String,
    /// For a person: `mode 0700, 84 KiB`.
    pub detail: String,
    /// What is to be there afterwards.
    #[serde(skip)]
    pub item: Option<Item>,
}

/// What is done at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Nothing was there.
    Create,
    /// An older version of ours is there.
    Replace,
    /// It is there already.
    Keep,
    /// It is ours, and no longer wanted.
    Remove,
    /// It is not ours: it stays.
    Leave,
}

/// Compares what is wanted with what is there.
pub fn install(
    tree: &Tree,
    items: Vec<Item>,
    manifest: &Manifest,
    refusals: Vec<Refusal>,
) -> Result<Plan, Failure> {
    let mut plan = Plan {
        refusals,
        ..Plan::default()
    };
    let stale: Vec<_> = manifest
        .items
        .keys()
        .filter(|path| !items.iter().any(|item| item.path == **path))
        .cloned()
        .collect();
    for item in items {
        let found = State::of(tree, &item.path)
            .map_err(|error| Failure::io("read", tree.show(&item.path), &error))?;
        let act = match found {
            None => Act::Create,
            Some(state) if state == item.state() => Act::Keep,
            Some(state) if manifest.owns(&item.path, &state) => Act::Replace,
            Some(_) if item.optional => Act::Leave,
            Some(state) => {
                plan.refusals.push(foreign(tree, &item, &state));
                Act::Leave
            }
        };
        let detail = if act == Act::Leave {
            "not placed by umh".to_owned()
        } else {
            item.detail()
        };
        plan.steps.push(Step {
            act,
            path: item.path.clone(),
            detail,
            item: Some(item),
        });
    }
    plan.steps.extend(removals(tree, &stale, manifest)?);
    Ok(plan)
}

/// The steps that remove `paths`, as far as they are ours: directories after
/// what they hold.
pub fn removals(tree: &Tree, paths: &[String], manifest: &Manifest) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    for path in paths.iter().rev() {
        let found =
            State::of(tree, path).map_err(|error| Failure::io("read", tree.show(path), &error))?;
        let (act, detail) = match found {
            None => continue,
            Some(state) if manifest.owns(path, &state) => (Act::Remove, "placed by umh"),
            Some(_) => (Act::Leave, "changed since umh placed it"),
        };
        steps.push(Step {
            act,
            path: path.clone(),
            detail: detail.to_owned(),
            item: None,
        });
    }
    Ok(steps)
}

fn foreign(tree: &Tree, item: &Item, state: &State) -> Refusal {
    let path = tree.show(&item.path);
    let what = match state {
        State::File { .. } => format!("{path} exists and was not placed by umh"),
        State::Link { target } => {
            format!("{path} is a link to {target} that was not placed by umh")
        }
        State::Directory => format!("{path} is a directory"),
        State::Other => format!("{path} is neither a file nor a link"),
    };
    // On Debian a package brings its file back with its next version.
    let away = if tree.exists("/var/lib/dpkg/info") {
        format!("dpkg-divert --local --rename --add {}", item.path)
    } else {
        format!("mv {path} {path}.old")
    };
    Refusal {
        what,
        remedy: format!("see what needs it, move it away ({away}), and run this again"),
    }
}

impl Plan {
    /// Whether something stands against it.
    pub fn refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Whether a step changes something.
    fn changes(&self) -> bool {
        self.steps
            .iter()
            .any(|step| !matches!(step.act, Act::Keep | Act::Leave))
    }
}

impl Report for Plan {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for Refusal { what, remedy } in &self.refusals {
            writeln!(out, "{} {what}\n        {remedy}", styled(BAD, "refused"))?;
        }
        let longest = self
            .steps
            .iter()
            .map(|step| step.path.len())
            .max()
            .unwrap_or(0);
        for Step {
            act, path, detail, ..
        } in &self.steps
        {
            let style = if matches!(act, Act::Keep | Act::Leave) {
                DIM
            } else {
                GOOD
            };
            writeln!(
                out,
                "{} {path:longest$}  {}",
                styled(style, format_args!("{:7}", act.name())),
                styled(DIM, detail)
            )?;
        }
        for change in &self.settings {
            writeln!(
                out,
                "{} {change}",
                styled(
                    GOOD,
                    format_args!("{:7}", if change.now { "set" } else { "at boot" })
                )
            )?;
        }
        for note in &self.notes {
            writeln!(out, "{} {note}", styled(WARN, "note   "))?;
        }
        let end = match (self.refused(), self.dry_run, self.changes()) {
            (true, ..) => "nothing was changed",
            (false, _, false) => "everything is in place already",
            (false, true, true) => "nothing was changed: this was a dry run",
            (false, false, true) => return Ok(()),
        };
        writeln!(out, "{end}")
    }

    fn exit(&self) -> Exit {
        if self.refused() {
            Exit::Finding
        } else {
            Exit::Done
        }
    }
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Remove => "remove",
            Self::Leave => "leave",
        }
    }
}
