// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a name leads to (kmod's `kmod_module_new_from_lookup`).
//!
//! | stage | where | finds |
//! | --- | --- | --- |
//! | 1 | `alias` lines of the configuration | all whose pattern matches |
//! | 2 | `modules.dep` | the module of that name |
//! | 3 | `modules.symbols` | the module that exports `symbol:NAME` |
//! | 4 | `install` and `remove` lines | a name that has a command |
//! | 5 | `modules.alias` | all whose pattern matches |
//! | 6 | `modules.builtin` | a module that the kernel has built in |
//! | 7 | `modules.builtin.alias` | the same by pattern |
//!
//! The first that yields anything decides.

use alloc::vec::Vec;

use crate::config::Config;
use crate::name;
use crate::tree::{Tree, Unreadable};

/// All that is known about the modules of one kernel.
pub struct Catalogue<'s> {
    /// What depmod wrote.
    pub tree: Tree<'s>,
    /// What the administrator wrote.
    pub config: Config,
}

/// A module that a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Its normal name.
    pub name: Vec<u8>,
    /// By what it was reached, if not by its own name: the pattern of a line
    /// of the configuration, or the normal form of what was asked for. Lines
    /// `options` may name it, and `blacklist` counts.
    pub alias: Option<Vec<u8>>,
    /// Whether a list of what is built in named it.
    pub builtin: bool,
}

/// What a name leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Where it was found; `None` if it was not.
    pub stage: Option<Stage>,
    /// The modules, one of them several times if several patterns lead to it.
    pub modules: Vec<Module>,
}

/// Where a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `alias` lines of the configuration.
    ConfigAlias,
    /// `modules.dep`.
    Name,
    /// `modules.symbols`.
    Symbol,
    /// An `install` or `remove` line.
    Command,
    /// `modules.alias`.
    Alias,
    /// `modules.builtin`.
    Builtin,
    /// `modules.builtin.alias`.
    BuiltinAlias,
}

impl Module {
    /// A module by its own name.
    pub const fn named(name: Vec<u8>) -> Self {
        Self {
            name,
            alias: None,
            builtin: false,
        }
    }
}

impl Catalogue<'_> {
    /// Finds what `name`, as it was asked for, leads to.
    pub fn resolve(&self, name: &[u8]) -> Result<Found, Unreadable> {
        let Some(name) = name::of_alias(name) else {
            return Ok(Found::default());
        };
        let found = |stage, modules: Vec<Module>| {
            (!modules.is_empty()).then_some(Found {
                stage: Some(stage),
                modules,
            })
        };
        let through = |alias: &[u8], modules: Vec<Vec<u8>>, builtin| {
            let module = |name| Module {
                name,
                alias: Some(alias.to_vec()),
                builtin,
            };
            modules.into_iter().map(module).collect()
        };

        let lines = self.config.aliases_of(&name);
        let modules = lines.map(|line| Module {
            name: line.value.clone(),
            alias: Some(line.name.clone()),
            builtin: false,
        });
        if let Some(found) = found(Stage::ConfigAlias, modules.collect()) {
            return Ok(found);
        }

        // No module's name has a colon.
        if !name.contains(&b':') && self.tree.dependencies(&name)?.is_some() {
            let modules = [Module::named(name)].into();
            return Ok(found(Stage::Name, modules).unwrap_or_default());
        }
        if name.starts_with(b"symbol:") {
            let modules = through(&name, self.tree.symbols(&name)?, false);
            if let Some(found) = found(Stage::Symbol, modules) {
                return Ok(found);
            }
        }
        let lines = [&self.config.installs, &self.config.removes];
        if lines
            .iter()
            .copied()
            .flatten()
            .any(|line| line.name == name)
        {
            let modules = [Module::named(name)].into();
            return Ok(found(Stage::Command, modules).unwrap_or_default());
        }
        let modules = through(&name, self.tree.aliases(&name)?, false);
        if let Some(found) = found(Stage::Alias, modules) {
            return Ok(found);
        }
        if self.tree.is_builtin(&name)? {
            let module = Module {
                builtin: true,
                ..Module::named(name)
            };
            return Ok(found(Stage::Builtin, [module].into()).unwrap_or_default());
        }
        let modules = through(&name, self.tree.builtin_aliases(&name)?, true);
        Ok(found(Stage::BuiltinAlias, modules).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
