// SPDX-License-Identifier: MIT OR Apache-2.0

//! What loading a module would do, and what stands against it.

use serde::Serialize;
use umh_helper::sys::Root;
use umh_modules::config::Line;
use umh_modules::lookup::{Catalogue, Module};
use umh_modules::plan::{Action, Request, Step, Unplannable};
use umh_modules::state::{self, State};

use super::At;
use crate::modules::text;

/// A module that the name leads to.
#[derive(Debug, Serialize)]
pub struct Wanted {
    /// Its name.
    pub module: String,
    /// `builtin`, `live`, `coming`, `going`; absent if it is not in the
    /// kernel, or in an image.
    pub state: Option<&'static str>,
    /// The line that keeps it from being loaded: it was reached by an alias.
    pub blacklisted: Option<At>,
    /// A line that would keep it from that, had it been reached by an alias
    /// and not by its own name.
    pub blacklisted_by_alias: Option<At>,
    /// What would be done, in order.
    pub steps: Vec<Doing>,
    /// Whether it would be in the kernel afterwards, as far as can be told.
    pub loads: bool,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct Doing {
    /// The line that `modprobe -D` prints.
    pub line: String,
    /// Its module.
    pub module: String,
    /// What came to be because of a softdep line may fail.
    pub required: bool,
    /// Where its options come from.
    pub options_from: Vec<At>,
    /// Where its command comes from.
    pub command_from: Option<At>,
    /// The line that forbids it.
    pub forbidden: Option<At>,
    /// Whether there is no such module.
    pub missing: bool,
}

impl Wanted {
    /// Plans it.
    pub(super) fn of(
        module: &Module,
        catalogue: &Catalogue<'_>,
        is_running: bool,
    ) -> Result<Self, Unplannable> {
        let plan = catalogue.plan(module, &Request::default())?;
        let line = catalogue.config.blacklisted(&module.name).map(at);
        let by_alias = module.alias.is_some();
        let state = state(module, catalogue, is_running)?;
        let is_there = matches!(state, Some("builtin" | "live"));
        let is_refused = by_alias && line.is_some();

        let mut steps: Vec<Doing> = Vec::new();
        for step in plan.steps.iter().filter(|_| !is_there && !is_refused) {
            // A softdep of several stands in the plan several times.
            let doing = Doing::of(step, catalogue);
            if !steps.iter().any(|other| other.module == doing.module) {
                steps.push(doing);
            }
        }
        let fails = |step: &Doing| step.required && (step.forbidden.is_some() || step.missing);
        Ok(Self {
            module: text(&module.name),
            state,
            loads: is_there || !(is_refused || steps.iter().any(fails)),
            blacklisted: line.clone().filter(|_| by_alias),
            blacklisted_by_alias: line.filter(|_| !by_alias),
            steps,
        })
    }
}

impl Doing {
    fn of(step: &Step, catalogue: &Catalogue<'_>) -> Self {
        let mut line = Vec::new();
        step.show(&mut line);
        let Module { name, alias, .. } = &step.module;
        let is_about = |line: &&Line| line.name == *name || Some(&line.name) == alias.as_ref();
        let options = catalogue.config.options.iter().filter(is_about);
        Self {
            line: text(line.trim_ascii()),
            module: text(name),
            required: step.required,
            options_from: options.map(at).collect(),
            command_from: match &step.action {
                Action::Command(line) => Some(at(line)),
                _ => None,
            },
            forbidden: step.forbidden.as_ref().map(at),
            missing: step.action == Action::Missing,
        }
    }
}

fn at(line: &Line) -> At {
    At::of(&line.from)
}

/// How far the module is in the running kernel.
fn state(
    module: &Module,
    catalogue: &Catalogue<'_>,
    is_running: bool,
) -> Result<Option<&'static str>, Unplannable> {
    if module.builtin || catalogue.tree.is_builtin(&module.name)? {
        return Ok(Some("builtin"));
    }
    if !is_running {
        return Ok(None);
    }
    let state = state::of(&Root::System, &module.name).unwrap_or(None);
    Ok(state.map(|state| match state {
        State::Live => "live",
        State::Coming => "coming",
        State::Going => "going",
    }))
}
