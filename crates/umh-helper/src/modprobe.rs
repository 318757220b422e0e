// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted: `modprobe -q -- NAME`, answered without modprobe.
//!
//! Nothing here can make the kernel ask for another module before this one is
//! there: no socket is made, no terminal opened, no program of another format
//! run. What is wrong is told to the kernel's log by way of `tell`.
//!
//! A module on the blacklist counts as loaded when an alias led to it, as
//! modprobe has it: who asked finds for itself that nothing came.

#![forbid(unsafe_code)]

use alloc::vec::Vec;
use core::fmt;

use rustix::io::Errno;
use umh_modules::bytes::Text;
use umh_modules::cause::{KernelLog, explain};
use umh_modules::command::Command;
use umh_modules::config::Line;
use umh_modules::load::{self, Failed, Flags};
use umh_modules::plan::{Action, Plan, Step};
use umh_modules::state::{self, State};

use crate::modules::Wanted;
use crate::sys::Root;

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// What was wanted is there, or is not wanted by the administrator.
    There,
    /// Nothing has that name.
    Unknown,
    /// The configuration forbids it.
    Refused,
    /// It cannot be loaded.
    Failed(Errno),
}

/// Runs a program, given the module's name and the words of its command.
pub type Run<'a> = dyn FnMut(&[u8], &[&[u8]]) -> Result<(), crate::answer::Failed> + 'a;

/// What an answer works with.
pub struct Loader<'a> {
    /// Where absolute paths start.
    pub root: &'a Root,
    /// Gives up every privilege but that of loading; called once, before the
    /// first module is loaded.
    pub confine: &'a mut dyn FnMut() -> Result<(), crate::answer::Failed>,
    /// Tells the kernel's log.
    pub tell: &'a mut dyn FnMut(fmt::Arguments<'_>),
    /// Runs the program of an `install` line for a module, where the policy
    /// lets it.
    pub run: Option<&'a mut Run<'a>>,
    /// The kernel's log, opened before privileges are given up.
    log: Option<KernelLog>,
    confined: bool,
}

impl<'a> Loader<'a> {
    /// A loader that runs no program.
    pub const fn new(
        root: &'a Root,
        confine: &'a mut dyn FnMut() -> Result<(), crate::answer::Failed>,
        tell: &'a mut dyn FnMut(fmt::Arguments<'_>),
    ) -> Self {
        Self {
            root,
            confine,
            tell,
            run: None,
            log: None,
            confined: false,
        }
    }

    /// Loads what a name leads to. Of several modules the last one decides, as
    /// modprobe has it.
    pub fn load(&mut self, wanted: &Wanted) -> Result<Came, crate::answer::Failed> {
        let mut came = Came::Unknown;
        for lead in &wanted.leads {
            came = if self.is_there(&lead.plan) || lead.blacklisted.is_some() {
                Came::There
            } else if let Some((step, why)) = self.refusal(&lead.plan) {
                let asked = Text(&lead.module.name);
                let module = Text(&step.module.name);
                (self.tell)(format_args!("{asked} is not loaded: {module} {why}"));
                Came::Refused
            } else {
                self.prepare()?;
                match self.follow(&lead.plan) {
                    Ok(()) => Came::There,
                    Err(errno) => Came::Failed(errno),
                }
            };
        }
        Ok(came)
    }

    fn prepare(&mut self) -> Result<(), crate::answer::Failed> {
        if !self.confined {
            self.log = KernelLog::open(self.root);
            (self.confine)()?;
            self.confined = true;
        }
        Ok(())
    }

    /// Whether the module that a plan is for is there.
    fn is_there(&self, plan: &Plan) -> bool {
        let asked = plan.steps.iter().find(|step| step.asked);
        asked.is_some_and(|step| self.is_live(step))
    }

    fn is_live(&self, step: &Step) -> bool {
        step.action == Action::Builtin
            || state::of(self.root, &step.module.name) == Ok(Some(State::Live))
    }

    /// The first module of a plan that is needed and may not be loaded. What
    /// is known beforehand fails before anything is loaded for nothing.
    fn refusal<'p>(&self, plan: &'p Plan) -> Option<(&'p Step, Refusal<'p>)> {
        let needed = plan.steps.iter().filter(|step| step.required);
        let mut refused = needed.filter_map(|step| Some((step, self.refusal_of(step)?)));
        refused.find(|(step, _)| !self.is_live(step))
    }

    fn refusal_of<'p>(&self, step: &'p Step) -> Option<Refusal<'p>> {
        if let Some(line) = &step.forbidden {
            return Some(Refusal::Forbidden(line));
        }
        let Action::Command(line) = &step.action else {
            return None;
        };
        match Command::of(&line.value) {
            Command::True => None,
            Command::False => Some(Refusal::False(line)),
            Command::Program(_) if self.run.is_some() => None,
            Command::Program(_) => Some(Refusal::Program(line)),
            Command::Shell => Some(Refusal::Shell(line)),
        }
    }

    /// Does the steps of a plan, each module's once.
    fn follow(&mut self, plan: &Plan) -> Result<(), Errno> {
        let mut done: Vec<&[u8]> = Vec::new();
        for step in &plan.steps {
            let name = &step.module.name[..];
            if done.contains(&name) || self.is_live(step) {
                continue;
            }
            done.push(name);
            if self.refusal_of(step).is_some() {
                // Only a soft dependency comes here.
                continue;
            }
            match self.take(step) {
                Err(errno) if step.required => return Err(errno),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, step: &Step) -> Result<(), Errno> {
        let name = &step.module.name;
        match &step.action {
            Action::Builtin => Ok(()),
            Action::Missing => {
                if step.required {
                    let text = "its alias leads to it, but there is no such module; run depmod(8)";
                    (self.tell)(format_args!("{}: {text}", Text(name)));
                }
                Err(Errno::NOENT)
            }
            Action::Insert(path) => {
                match load::insert(self.root, path, &step.options, Flags::default()) {
                    Err(failed) if failed.is_there(self.root, name) => Ok(()),
                    inserted => inserted.map_err(|failed| self.explain(step, failed)),
                }
            }
            Action::Command(line) => match (Command::of(&line.value), &mut self.run) {
                (Command::Program(words), Some(run)) => run(name, &words).map_err(|failed| {
                    (self.tell)(format_args!("{}: {failed}", Text(name)));
                    failed.errno
                }),
                _ => Ok(()),
            },
        }
    }

    fn explain(&mut self, step: &Step, failed: Failed) -> Errno {
        let errno = failed.errno;
        if step.required {
            let why = explain(self.root, &step.module.name, failed, self.log.as_ref());
            (self.tell)(format_args!("{why}"));
        }
        errno
    }
}

/// Why the configuration keeps a module from being loaded.
#[derive(Clone, Copy, Debug)]
enum Refusal<'p> {
    Forbidden(&'p Line),
    False(&'p Line),
    Program(&'p Line),
    Shell(&'p Line),
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, why, remedy) = match self {
            Self::Forbidden(line) => (line, "is forbidden by", ""),
            Self::False(line) => (line, "is kept out (install false) by", ""),
            Self::Program(line) => (
                line,
                "has an install line that runs a program, in",
                "; write a softdep line, or allow it: [modules] install = \"run\"",
            ),
            Self::Shell(line) => (
                line,
                "has an install line that takes a shell, in",
                "; write a softdep line, or give the rule run = \"/sbin/modprobe\"",
            ),
        };
        let file = Text(&line.from.file);
        write!(f, "{why} {file} line {}{remedy}", line.from.line)
    }
}

#[cfg(test)]
mod tests;
