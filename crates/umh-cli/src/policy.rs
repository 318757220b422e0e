// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy`: the rules, read by the code that enforces them.

pub mod answer;
pub mod callers;
pub mod check;
pub mod descriptors;
pub mod explain;
pub mod rehearse;
pub mod shape;
pub mod show;

use std::io::Write;

use serde::Serialize;
use umh_helper::policy::{Complaint, FILES_ROOM, Policy};
use umh_helper::sys::Root;

use crate::args;
use crate::failure::{Exit, Failure};
use crate::report;
use crate::tree::Tree;

/// Does what a command of `umh policy` says.
pub fn run(
    args: &args::Policy,
    tree: &Tree,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let root = tree.root()?;
    let mut room = vec![0; FILES_ROOM];
    let loaded = match args {
        args::Policy::Show(args) if args.builtin => Loaded::builtin(),
        _ => Loaded::load(tree, &root, &mut room)?,
    };
    match args {
        args::Policy::Show(_) => report::show(&show::show(&loaded)?, json, out),
        args::Policy::Callers => report::show(&callers::list(), json, out),
        args::Policy::Check(args) => {
            report::show(&check::check(&args.files, tree, &root, &loaded)?, json, out)
        }
        args::Policy::Explain(call) => {
            report::show(&explain::explain(call, &root, &loaded)?, json, out)
        }
        args::Policy::Try(call) => {
            report::show(&rehearse::rehearse(call, &root, &loaded)?, json, out)
        }
    }
}

/// The policy of a tree, and what was wrong with its files.
pub struct Loaded<'a> {
    /// What is in force.
    pub policy: Policy<'a>,
    /// The files that are not.
    pub ignored: Vec<Ignored>,
    /// Who has to own files and programs: root, or whoever prepares an image.
    pub owner: u32,
}

/// A policy file that is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// The file or directory.
    pub file: String,
    /// The line, counted from 1; absent if the fault is not in the text.
    pub line: Option<u32>,
    /// The key, path or name that is at fault.
    pub subject: Option<String>,
    /// What is wrong and what to do about it.
    pub fault: String,
}

impl<'a> Loaded<'a> {
    /// What is compiled in.
    fn builtin() -> Self {
        Self {
            policy: Policy::builtin(),
            ignored: Vec::new(),
            owner: 0,
        }
    }

    /// The policy of `tree` as `usermode-helper` will see it.
    pub fn load(tree: &Tree, root: &Root, room: &'a mut [u8]) -> Result<Self, Failure> {
        let owner = owner(tree)?;
        let mut ignored = Vec::new();
        let policy = Policy::load_owned_by(owner, root, || Some(room), &mut |complaint| {
            ignored.push(Ignored::of(complaint));
        });
        Ok(Self {
            policy,
            ignored,
            owner,
        })
    }
}

impl Ignored {
    /// What `usermode-helper` would log.
    pub fn of(complaint: &Complaint<'_>) -> Self {
        let fault = &complaint.fault;
        let file = complaint.file.escape_ascii().to_string();
        Self::new(file, fault.line, fault.subject, fault.text)
    }

    /// A fault in `line` (0: in none) about `subject` (empty: about nothing).
    pub fn new(file: String, line: u32, subject: &str, fault: &str) -> Self {
        let subject = subject.as_bytes().escape_ascii().to_string();
        Self {
            file,
            line: (line != 0).then_some(line),
            subject: (!subject.is_empty()).then_some(subject),
            fault: fault.to_owned(),
        }
    }
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ignored: ", self.file)?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.fault)
    }
}

/// Files of an image belong to whoever its root directory belongs to, until
/// it is installed.
fn owner(tree: &Tree) -> Result<u32, Failure> {
    if tree.is_system() {
        return Ok(0);
    }
    let stat = tree
        .stat("/")
        .map_err(|error| Failure::io("read", tree.show("/"), &error))?;
    Ok(stat.st_uid)
}
