// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is to be done for one module, in order (kmod's
//! `kmod_module_get_probe_list`): its dependencies, the deepest first, and
//! the module, each with its soft dependencies around it.
//!
//! Nothing is looked at but lists and configuration: what is loaded already
//! is found out when a step is done. A module is visited once; as a
//! dependency it may stand in the plan again, which `modprobe -D` prints.
//!
//! Two differences from kmod up to 34: all `softdep` lines of a module count
//! (its issue 33), and an `install` line counts also for a module that has
//! soft dependencies (its issue 446: `install X /bin/false` was passed over).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::config::Line;
use crate::lookup::{Catalogue, Module};
use crate::name;
use crate::tree::Unreadable;

/// The most steps of a plan. The longest of Debian's 6.12 has 40.
const STEPS_MAX: usize = 16_384;

/// How far soft dependencies of soft dependencies are followed.
const DEPTH_MAX: usize = 256;

/// What is asked for beside the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Whether the module's own `install` and `softdep` lines are passed over.
    pub ignore_commands: bool,
    /// Options for the module, after those of the configuration.
    pub options: &'a [u8],
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One after another.
    pub steps: Vec<Step>,
}

/// One module of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The module.
    pub module: Module,
    /// What is to be done with it.
    pub action: Action,
    /// Its options, as `modprobe -D` prints them.
    pub options: Vec<u8>,
    /// Whether the plan fails with it; what only a softdep brought may fail.
    pub required: bool,
    /// Whether it is what was asked for.
    pub asked: bool,
    /// The line `forbid` that keeps it from being loaded.
    pub forbidden: Option<Line>,
}

/// What is to be done with a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The file at this path is to be loaded.
    Insert(Vec<u8>),
    /// This line's command is to be run in place of that.
    Command(Line),
    /// Nothing: it is part of the kernel.
    Builtin,
    /// Nothing can be done: there is no such module.
    Missing,
}

/// No plan can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplannable {
    /// A list of depmod's answers nothing.
    Unreadable(Unreadable),
    /// Soft dependencies lead to ever more of them.
    Endless,
}

impl Catalogue<'_> {
    /// Plans the loading of a module.
    pub fn plan(&self, module: &Module, request: &Request<'_>) -> Result<Plan, Unplannable> {
        let mut walk = Walk {
            catalogue: self,
            nodes: Vec::new(),
            places: BTreeMap::new(),
            order: Vec::new(),
        };
        let asked = walk.node(module.clone());
        walk.visit(asked, 0, Some(request))?;

        let mut steps = Vec::with_capacity(walk.order.len());
        for place in &walk.order {
            let Some(node) = walk.nodes.get(*place) else {
                continue;
            };
            let is_asked = *place == asked;
            let command = self.config.install_of(&node.module.name);
            let command = command.filter(|_| !(is_asked && request.ignore_commands));
            let action = match (command, &node.path) {
                (Some(line), _) => Action::Command(line.clone()),
                (None, Some(path)) => Action::Insert(self.tree.file(path)),
                (None, None)
                    if node.module.builtin || self.tree.is_builtin(&node.module.name)? =>
                {
                    Action::Builtin
                }
                (None, None) => Action::Missing,
            };
            let own = self
                .config
                .options_of(&node.module.name, node.module.alias.as_deref());
            let added: &[u8] = if is_asked { request.options } else { b"" };
            steps.push(Step {
                options: match own {
                    // kmod writes the blank also where nothing is added.
                    Some(own) => [&own, &b" "[..], added].concat(),
                    None => added.to_vec(),
                },
                action,
                required: node.required,
                asked: is_asked,
                forbidden: self.config.forbidden(&node.module.name).cloned(),
                module: node.module.clone(),
            });
        }
        Ok(Plan { steps })
    }
}

impl Step {
    /// Adds the line that `modprobe -D` prints; none for what is missing.
    pub fn show(&self, out: &mut Vec<u8>) {
        let (command, object, options) = match &self.action {
            Action::Insert(path) => (&b"insmod "[..], path, Some(&self.options)),
            Action::Command(line) => (&b"install "[..], &line.value, Some(&self.options)),
            Action::Builtin => (&b"builtin "[..], &self.module.name, None),
            Action::Missing => return,
        };
        out.extend_from_slice(command);
        out.extend_from_slice(object);
        if let Some(options) = options {
            out.push(b' ');
            out.extend_from_slice(options);
        }
        out.push(b'\n');
    }
}

/// A plan under construction.
struct Walk<'c, 's> {
    catalogue: &'c Catalogue<'s>,
    nodes: Vec<Node>,
    /// Where each module is among the nodes. The same module under its own
    /// name and behind an alias are two.
    places: BTreeMap<(Vec<u8>, Option<Vec<u8>>), usize>,
    order: Vec<usize>,
}

struct Node {
    module: Module,
    /// Its file and its dependencies' nodes are known.
    looked_up: bool,
    path: Option<Vec<u8>>,
    dependencies: Vec<usize>,
    visited: bool,
    required: bool,
}

impl Walk<'_, '_> {
    fn node(&mut self, module: Module) -> usize {
        let next = self.nodes.len();
        let key = (module.name.clone(), module.alias.clone());
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.nodes.push(Node {
                module,
                looked_up: false,
                path: None,
                dependencies: Vec::new(),
                visited: false,
                required: false,
            });
        }
        place
    }

    /// A module with what it depends on; `request` if it is asked for.
    fn visit(
        &mut self,
        place: usize,
        depth: usize,
        request: Option<&Request<'_>>,
    ) -> Result<(), Unplannable> {
        match self.nodes.get_mut(place) {
            Some(node) if !node.visited => node.visited = true,
            _ => return Ok(()),
        }
        let dependencies = self.look_up(place)?;
        if request.is_some() {
            for place in dependencies.iter().copied().chain([place]) {
                if let Some(node) = self.nodes.get_mut(place) {
                    node.required = true;
                }
            }
        }
        for dependency in dependencies {
            self.with_softdeps(dependency, depth)?;
        }
        if request.is_some_and(|request| request.ignore_commands) {
            self.push(place)
        } else {
            self.with_softdeps(place, depth)
        }
    }

    /// A module alone, with its soft dependencies around it.
    fn with_softdeps(&mut self, place: usize, depth: usize) -> Result<(), Unplannable> {
        self.look_up(place)?;
        let Some(node) = self.nodes.get(place) else {
            return Ok(());
        };
        let catalogue = self.catalogue;
        let softdeps: Vec<_> = catalogue.config.softdeps_of(&node.module.name).collect();
        if !softdeps.is_empty() && depth > DEPTH_MAX {
            return Err(Unplannable::Endless);
        }
        for name in softdeps.iter().flat_map(|softdep| &softdep.pre) {
            self.soft(name, depth)?;
        }
        self.push(place)?;
        for name in softdeps.iter().flat_map(|softdep| &softdep.post) {
            self.soft(name, depth)?;
        }
        Ok(())
    }

    fn soft(&mut self, name: &[u8], depth: usize) -> Result<(), Unplannable> {
        for module in self.catalogue.resolve(name)?.modules {
            let place = self.node(module);
            self.visit(place, depth + 1, None)?;
        }
        Ok(())
    }

    fn push(&mut self, place: usize) -> Result<(), Unplannable> {
        if self.order.len() >= STEPS_MAX {
            return Err(Unplannable::Endless);
        }
        self.order.push(place);
        Ok(())
    }

    /// Finds a module's file and dependencies; gives the latter, the deepest
    /// first.
    fn look_up(&mut self, place: usize) -> Result<Vec<usize>, Unplannable> {
        let Some(node) = self.nodes.get(place) else {
            return Ok(Vec::new());
        };
        if node.looked_up {
            return Ok(node.dependencies.clone());
        }
        let found = self.catalogue.tree.dependencies(&node.module.name)?;
        let (path, on) = found.map_or((None, Vec::new()), |found| (Some(found.path), found.on));
        let modules = on
            .iter()
            .rev()
            .map(|path| Module::named(name::of_path(path)));
        let dependencies: Vec<usize> = modules.map(|module| self.node(module)).collect();
        if let Some(node) = self.nodes.get_mut(place) {
            node.looked_up = true;
            node.path = path;
            node.dependencies.clone_from(&dependencies);
        }
        Ok(dependencies)
    }
}

impl From<Unreadable> for Unplannable {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

impl fmt::Display for Unplannable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(unreadable) => unreadable.fmt(f),
            Self::Endless => {
                f.write_str("softdep lines lead to ever more modules: remove some from modprobe.d")
            }
        }
    }
}

#[cfg(test)]
mod tests;
