// SPDX-License-Identifier: MIT OR Apache-2.0

//! `modprobe -r NAME`: a name's modules out of the kernel, with what they
//! alone have brought along.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use umh_modules::lookup::Module;
use umh_modules::name;
use umh_modules::state;

use super::command::with_options;
use super::{Failure, Probe, State};
use crate::kmod::removal::{self, Wait};

/// How a module came to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It was asked for.
    Asked,
    /// It is in the way of one that was, or belongs to it.
    Along,
}

/// How far soft dependencies of soft dependencies are followed.
const DEPTH_MAX: usize = 64;

impl Probe<'_, '_> {
    /// Removes what `name` leads to.
    pub(super) fn remove(&mut self, name: &OsStr) -> Result<(), Failure> {
        let nothing = || format!("Module {} not found.", name.as_bytes().escape_ascii());
        let found = self.resolve(name, nothing)?;
        found
            .modules
            .iter()
            .try_for_each(|module| self.remove_module(module, Cause::Asked, 0))
    }

    fn remove_module(
        &mut self,
        module: &Module,
        cause: Cause,
        depth: usize,
    ) -> Result<(), Failure> {
        let shown = module.name.escape_ascii();
        let config = &self.catalogue.config;
        let with_lines = !self.args.ignore_install && depth < DEPTH_MAX;
        let softdeps = config.softdeps_of(&module.name).filter(|_| with_lines);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for softdep in softdeps {
            before.extend(softdep.pre.iter().cloned());
            after.extend(softdep.post.iter().cloned());
        }
        let command = config
            .remove_of(&module.name)
            .filter(|_| with_lines)
            .cloned();

        if command.is_none() && !self.args.show_depends {
            let state = match self.state(module)? {
                // Only what can be loaded has a state of its own there.
                None if state::is_known(self.catalogue.tree.system(), &module.name) => {
                    Some(State::Builtin)
                }
                state => state,
            };
            match state {
                None if self.args.first_time => {
                    return Err(self.fatal(format_args!("Module {shown} is not in kernel.")));
                }
                Some(State::Builtin) if cause == Cause::Asked => {
                    return Err(self.fatal(format_args!("Module {shown} is builtin.")));
                }
                None | Some(State::Builtin) => return Ok(()),
                Some(State::Live | State::Moving) => {}
            }
        }

        // What came after it goes before it.
        self.remove_softly(&after, depth)?;
        if self.args.remove_holders {
            for holder in
                state::holders(self.catalogue.tree.system(), &module.name).unwrap_or_default()
            {
                self.remove_module(&Module::named(holder), Cause::Along, depth + 1)?;
            }
        }
        if let Some(line) = command {
            let shown = with_options(&line.value, b"");
            self.show(&[b"remove ", &shown[..], b"\n"].concat())?;
            if !self.is_dry() {
                self.run_command("remove", &module.name, &line, b"")?;
            }
        } else {
            self.take_out(module)?;
            self.remove_unused(module)?;
        }
        self.remove_softly(&before, depth)
    }

    /// Removes the module alone.
    fn take_out(&mut self, module: &Module) -> Result<(), Failure> {
        let system = self.catalogue.tree.system();
        let shown = module.name.escape_ascii();
        let references = state::references(system, &module.name);
        // It went with what used it; or this kernel removes no modules.
        if references.is_none() && !self.args.show_depends {
            return Ok(());
        }
        let in_use = references.is_some_and(|count| count > 0);
        if in_use && self.wait == Wait::No && !self.args.show_depends && !self.args.force {
            let users = removal::users(system, &module.name);
            let mut text = format!("Module {shown} is in use.");
            if !users.is_empty() {
                text += &format!(
                    "\n  It is in use{users}; modprobe -r --remove-holders {shown} removes these too"
                );
            }
            return Err(self.fatal(text));
        }
        self.rmmod(&module.name)
    }

    /// Removes what the module depended on and nobody uses now, users before
    /// what they use. (kmod goes the other way, and leaves in the kernel what
    /// another of them has used.) Failures do not count: something else may
    /// have begun to use it.
    fn remove_unused(&mut self, module: &Module) -> Result<(), Failure> {
        let dependencies = self.catalogue.tree.dependencies(&module.name);
        let dependencies = dependencies.map_err(|error| self.unreadable(&error))?;
        for path in dependencies.unwrap_or_default().on {
            let dependency = name::of_path(&path);
            if state::references(self.catalogue.tree.system(), &dependency) == Some(0) {
                match self.rmmod(&dependency) {
                    Err(Failure::Output(error)) => return Err(error.into()),
                    Ok(()) | Err(Failure::Failed | Failure::Fatal) => {}
                }
            }
        }
        Ok(())
    }

    /// Removes soft dependencies, the last first, as far as they go.
    fn remove_softly(&mut self, names: &[Vec<u8>], depth: usize) -> Result<(), Failure> {
        for name in names.iter().rev() {
            let found = self.catalogue.resolve(name);
            let found = found.map_err(|error| self.unreadable(&error))?;
            for module in found.modules.iter().rev() {
                if self.is_in_use(module) {
                    continue;
                }
                match self.remove_module(module, Cause::Along, depth + 1) {
                    Err(Failure::Output(error)) => return Err(error.into()),
                    Ok(()) | Err(Failure::Failed | Failure::Fatal) => {}
                }
            }
        }
        Ok(())
    }

    fn is_in_use(&self, module: &Module) -> bool {
        let count = state::references(self.catalogue.tree.system(), &module.name);
        !self.args.show_depends && count.is_some_and(|count| count > 0)
    }

    fn rmmod(&mut self, module: &[u8]) -> Result<(), Failure> {
        self.show(&[b"rmmod ", module, b"\n"].concat())?;
        if self.is_dry() {
            return Ok(());
        }
        removal::remove(module, self.args.force, self.wait).map_err(|errno| {
            let cause = removal::cause(self.catalogue.tree.system(), module, errno);
            self.failed(format_args!(
                "could not remove '{}': {cause}",
                module.escape_ascii()
            ))
        })
    }
}
