// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules why`: what a name leads to, with the code that loads it.

mod lookup;
mod show;
mod steps;

use serde::Serialize;
use umh_helper::policy::FILES_ROOM;
use umh_modules::config::{COMMAND_LINE, Config, DIRECTORIES, Place, Sources};
use umh_modules::lookup::Catalogue;
use umh_modules::{name, tree as lists};

use self::lookup::Looked;
use self::steps::Wanted;
use super::{name_of, release, text, without_lists};
use crate::args;
use crate::failure::Failure;
use crate::policy::{self, Loaded};
use crate::tree::Tree;

/// What a name leads to.
#[derive(Debug, Serialize)]
pub struct Why {
    /// The name as it was given.
    pub name: String,
    /// Its normal form, which is looked up; none if its brackets do not pair.
    pub normal: Option<String>,
    /// The kernel whose modules are meant.
    pub release: String,
    /// Each place that was looked at, in order.
    pub lookup: Vec<Looked>,
    /// What is to be loaded.
    pub modules: Vec<Wanted>,
    /// What the policy says if the kernel asks for it.
    pub kernel: Option<Asked>,
    /// What is wrong with files that were read.
    pub complaints: Vec<String>,
}

/// What becomes of the kernel's request.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// `allow`, `deny` or `audit`.
    pub decision: &'static str,
    /// The check that decided.
    pub why: &'static str,
    /// What exactly it was about.
    pub detail: String,
}

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct At {
    /// The file.
    pub file: String,
    /// The line, counted from 1; absent for the kernel's command line.
    pub line: Option<u32>,
}

/// Finds out what `args` ask for.
pub fn why(args: &args::Why, tree: &Tree) -> Result<Why, Failure> {
    let root = tree.root()?;
    let release = release(args.release.as_deref(), tree)?;
    let mut complaints = Vec::new();
    let lists = lists::Tree::of(&root, b"", &release);
    let sources = Sources {
        paths: DIRECTORIES,
        tree: lists.path(),
        command_line: tree.is_system().then_some(COMMAND_LINE),
        weakdeps: false,
    };
    let config = Config::load(&root, &sources, &mut |complaint| {
        complaints.push(complaint.to_string());
    });
    if lists.is_missing() {
        return Err(without_lists(tree, &release));
    }
    let catalogue = Catalogue {
        tree: lists,
        config,
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::unable(error.to_string(), "run depmod for this kernel")
    };

    let asked = name_of(&args.name);
    let normal = name::of_alias(asked);
    let found = catalogue
        .resolve(asked)
        .map_err(|error| unreadable(&error))?;
    let lookup = match &normal {
        Some(normal) => lookup::all(&catalogue, normal, found.stage),
        None => Ok(Vec::new()),
    };
    let wanted = found
        .modules
        .iter()
        .map(|module| Wanted::of(module, &catalogue, tree.is_system()));
    let modules: Result<Vec<_>, _> = wanted.collect();
    Ok(Why {
        name: text(asked),
        normal: normal.as_ref().map(text),
        release: text(&release),
        lookup: lookup.map_err(|error| unreadable(&error))?,
        modules: modules.map_err(|error| unreadable(&error))?,
        kernel: asked_by_kernel(asked, tree)?,
        complaints,
    })
}

/// What the policy makes of the kernel's request for the name; `None` if the
/// kernel cannot ask for it: it is too long.
fn asked_by_kernel(name: &[u8], tree: &Tree) -> Result<Option<Asked>, Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    let root = tree.root()?;
    let mut room = vec![0; FILES_ROOM];
    let loaded = Loaded::load(tree, &root, &mut room)?;
    let call = args::Call {
        caller: None,
        env: Vec::new(),
        fd: Vec::new(),
        argv: vec![
            "/sbin/modprobe".into(),
            "-q".into(),
            "--".into(),
            std::ffi::OsStr::from_bytes(name).to_owned(),
        ],
    };
    let explained = policy::explain::explain(&call, &root, &loaded).ok();
    let is_request = |explained: &policy::explain::Explained| explained.caller == Some("modprobe");
    Ok(explained.filter(is_request).map(|explained| Asked {
        decision: explained.decision,
        why: explained.why,
        detail: explained.detail,
    }))
}

impl At {
    fn of(place: &Place) -> Self {
        Self {
            file: text(&place.file),
            line: (place.line > 0).then_some(place.line),
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} line {line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}
