// SPDX-License-Identifier: MIT OR Apache-2.0

//! What modprobe.d(5) and the kernel's command line say about modules.
//!
//! Files are read in the byte order of their names, whichever directory they
//! are in; a name in an earlier directory hides the same name in later ones,
//! so that an empty file, or a link to `/dev/null`, masks. depmod's
//! `modules.softdep` and `modules.weakdep` take part under these names. What
//! the command line says comes last.
//!
//! One command is umh's own: `forbid PATTERN`, for modules that are not
//! loaded, whatever leads to them.

mod command_line;
mod complaint;
mod files;
mod grammar;

use alloc::vec::Vec;

pub use complaint::Complaint;

use crate::system::System;
use crate::{glob, name};

/// Where configuration is looked for, first come first.
pub const DIRECTORIES: &[&[u8]] = &[
    b"/etc/modprobe.d",
    b"/run/modprobe.d",
    b"/usr/local/lib/modprobe.d",
    VENDORS,
    OLD_VENDORS,
];

/// Where distributions have theirs.
const VENDORS: &[u8] = b"/usr/lib/modprobe.d";

/// Where they had them.
const OLD_VENDORS: &[u8] = b"/lib/modprobe.d";

/// The kernel's command line.
pub const COMMAND_LINE: &[u8] = b"/proc/cmdline";

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// [`DIRECTORIES`], or the files and directories of `modprobe -C`.
    pub paths: &'a [&'a [u8]],
    /// The directory of `modules.softdep` and `modules.weakdep`; empty to leave
    /// both out.
    pub tree: &'a [u8],
    /// [`COMMAND_LINE`].
    pub command_line: Option<&'a [u8]>,
    /// Whether weak dependencies are wanted, which loading does without.
    pub weakdeps: bool,
}

/// The configuration, each kind of command in the order of the files.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `alias PATTERN MODULE`.
    pub aliases: Vec<Line>,
    /// `blacklist MODULE`, and `modprobe.blacklist=` of the command line.
    pub blacklist: Vec<Line>,
    /// `options MODULE OPTIONS`, and those of the command line.
    pub options: Vec<Line>,
    /// `install PATTERN COMMAND`.
    pub installs: Vec<Line>,
    /// `remove PATTERN COMMAND`.
    pub removes: Vec<Line>,
    /// `softdep PATTERN pre: NAMES post: NAMES`.
    pub softdeps: Vec<Softdep>,
    /// `weakdep PATTERN NAMES`.
    pub weakdeps: Vec<Weakdep>,
    /// `forbid PATTERN`.
    pub forbids: Vec<Line>,
}

/// One command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What it is about: a module, or a pattern of modules or aliases.
    pub name: Vec<u8>,
    /// What it says; empty where the command says it all.
    pub value: Vec<u8>,
    /// Where it stands.
    pub from: Place,
}

/// What modprobe loads beside a module, if it can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Softdep {
    /// A pattern of modules.
    pub name: Vec<u8>,
    /// Names of what comes before.
    pub pre: Vec<Vec<u8>>,
    /// Names of what comes after.
    pub post: Vec<Vec<u8>>,
    /// Where it stands.
    pub from: Place,
}

/// What a module may want later: for those who build an initramfs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weakdep {
    /// A pattern of modules.
    pub name: Vec<u8>,
    /// Names.
    pub on: Vec<Vec<u8>>,
    /// Where it stands.
    pub from: Place,
}

/// Where a command stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Vec<u8>,
    /// Its line, the last one if several were joined; 0 for the command line.
    pub line: u32,
}

impl Config {
    /// Reads all `sources`; what is wrong with one goes to `complain` and is
    /// left out.
    pub fn load(
        system: &dyn System,
        sources: &Sources<'_>,
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) -> Self {
        let mut config = Self::default();
        for path in files::list(system, sources, complain) {
            if let Some(text) = files::read(system, &path, complain) {
                config.parse(&text, &path, complain);
            }
        }
        if let Some(path) = sources.command_line {
            config.add_command_line(system, path, complain);
        }
        config
    }

    /// Adds `modules.softdep` of a tree that was left out: what most names,
    /// which lead to nothing, do without.
    pub fn add_softdeps(
        &mut self,
        system: &dyn System,
        tree: &[u8],
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) {
        let path = files::softdeps(tree);
        if let Some(text) = files::read(system, &path, complain) {
            self.parse(&text, &path, complain);
            // Where it would have stood.
            self.softdeps.sort_by(|one, other| {
                files::name(&one.from.file).cmp(files::name(&other.from.file))
            });
        }
    }

    /// Adds what the kernel's command line, which was left out, says.
    pub fn add_command_line(
        &mut self,
        system: &dyn System,
        path: &[u8],
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) {
        if let Some(text) = files::read(system, path, complain) {
            self.parse_command_line(&text, path, complain);
        }
    }

    /// Adds what a file says.
    pub fn parse(&mut self, text: &[u8], file: &[u8], complain: &mut dyn FnMut(&Complaint<'_>)) {
        for (line, number) in grammar::Lines::of(text) {
            grammar::read(self, &line, (file, number), complain);
        }
    }

    /// Adds what the kernel's command line says.
    pub fn parse_command_line(
        &mut self,
        text: &[u8],
        file: &[u8],
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) {
        command_line::read(self, text, file, complain);
    }

    /// The modules that aliases of the configuration lead to, each with the
    /// pattern that matched.
    pub fn aliases_of<'c>(&'c self, alias: &'c [u8]) -> impl Iterator<Item = &'c Line> {
        let lines = self.aliases.iter();
        lines.filter(move |line| glob::matches(&line.name, alias))
    }

    /// The options of a module, which may have been reached by `alias`; `None`
    /// if no line has any.
    pub fn options_of(&self, module: &[u8], alias: Option<&[u8]>) -> Option<Vec<u8>> {
        let is_about = |line: &&Line| line.name == module || Some(&line.name[..]) == alias;
        let lines = self.options.iter().filter(is_about);
        let values: Vec<&[u8]> = lines
            .map(|line| &line.value[..])
            .filter(|value| !value.is_empty())
            .collect();
        (!values.is_empty()).then(|| values.join(&b' '))
    }

    /// The command that loads a module in place of modprobe.
    pub fn install_of(&self, module: &[u8]) -> Option<&Line> {
        first_about(&self.installs, module)
    }

    /// The command that unloads a module in place of modprobe.
    pub fn remove_of(&self, module: &[u8]) -> Option<&Line> {
        first_about(&self.removes, module)
    }

    /// The line that keeps a module from being loaded for an alias.
    pub fn blacklisted(&self, module: &[u8]) -> Option<&Line> {
        // Words of the kernel's command line are kept as they were written.
        let mut lines = self.blacklist.iter();
        lines.find(|line| name::of_module(&line.name) == module)
    }

    /// The line that keeps a module from being loaded at all.
    pub fn forbidden(&self, module: &[u8]) -> Option<&Line> {
        first_about(&self.forbids, module)
    }

    /// The soft dependencies of a module, those of all lines that match. (kmod
    /// up to 34 takes the first line alone, its issue 33.)
    pub fn softdeps_of<'c, 'm>(
        &'c self,
        module: &'m [u8],
    ) -> impl Iterator<Item = &'c Softdep> + use<'c, 'm> {
        let softdeps = self.softdeps.iter();
        softdeps.filter(move |softdep| glob::matches(&softdep.name, module))
    }
}

impl Softdep {
    /// The command's value as `modprobe -c` prints it.
    pub fn value(&self) -> Vec<u8> {
        let mut value = Vec::new();
        // kmod writes no blank between the two parts.
        for (mark, names) in [(&b"pre: "[..], &self.pre), (b"post: ", &self.post)] {
            if !names.is_empty() {
                value.extend_from_slice(mark);
                value.extend(names.join(&b' '));
            }
        }
        value
    }
}

fn first_about<'c>(lines: &'c [Line], module: &[u8]) -> Option<&'c Line> {
    lines.iter().find(|line| glob::matches(&line.name, module))
}

#[cfg(test)]
mod tests;
