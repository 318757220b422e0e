// SPDX-License-Identifier: MIT OR Apache-2.0

//! `modprobe NAME`: a name's modules, step by step into the kernel.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use umh_modules::load::{self, Flags};
use umh_modules::lookup::Module;
use umh_modules::plan::{Action, Plan, Request, Step};
use umh_modules::state;

use super::{Failure, Probe, State};
use crate::kmod::file;
use crate::kmod::messages::reason;
use crate::kmod::refused::{self, Tool};

impl Probe<'_, '_> {
    /// Loads what `name` leads to; `options` are for the module itself.
    pub(super) fn insert(&mut self, name: &OsStr, options: &[u8]) -> Result<(), Failure> {
        if is_path(name) {
            let path = self.path_of(name)?;
            let module = Module::named(file::module_name(Path::new(name)));
            return self.insert_module(&module, Some(&path), options);
        }
        let found = self.catalogue.resolve(name.as_bytes());
        let found = found.map_err(|unreadable| self.unreadable(&unreadable))?;
        if found.modules.is_empty() && self.is_there_without_lists(name) {
            return Ok(());
        }
        if found.modules.is_empty() {
            return Err(self.fatal(self.not_found(name)));
        }
        // As with kmod the last of several decides.
        let mut ended = Ok(());
        for module in &found.modules {
            ended = match self.insert_module(module, None, options) {
                Err(failure @ (Failure::Fatal | Failure::Output(_))) => return Err(failure),
                ended => ended,
            };
        }
        ended
    }

    fn insert_module(
        &mut self,
        module: &Module,
        path: Option<&[u8]>,
        options: &[u8],
    ) -> Result<(), Failure> {
        if self.args.show_alias {
            self.out.write_all(&[&module.name, &b"\n"[..]].concat())?;
            return Ok(());
        }
        if !self.args.show_depends
            && matches!(self.state(module)?, Some(State::Live | State::Builtin))
        {
            return self.already(module);
        }
        let by_alias = module.alias.is_some() || self.args.use_blacklist;
        if by_alias && self.catalogue.config.blacklisted(&module.name).is_some() {
            return Ok(());
        }
        let request = Request {
            ignore_commands: self.args.ignore_install,
            options,
        };
        let plan = self.catalogue.plan(module, &request);
        let mut plan = plan.map_err(|error| self.could_not(module, error))?;
        if let Some(path) = path {
            load_instead(&mut plan, path);
        }
        plan.steps
            .iter()
            .try_for_each(|step| self.take(step, module))
    }

    /// Does one step for `asked`. What only a softdep brought may fail.
    fn take(&mut self, step: &Step, asked: &Module) -> Result<(), Failure> {
        if !self.args.show_depends
            && matches!(
                self.state(&step.module)?,
                Some(State::Live | State::Builtin)
            )
        {
            return if step.asked {
                self.already(asked)
            } else {
                Ok(())
            };
        }
        match self.attempt(step, asked) {
            Err(Failure::Failed) if !step.required => Ok(()),
            ended => ended,
        }
    }

    fn attempt(&mut self, step: &Step, asked: &Module) -> Result<(), Failure> {
        if let Some(line) = &step.forbidden {
            let (module, file) = (
                step.module.name.escape_ascii(),
                line.from.file.escape_ascii(),
            );
            let reason = format!(
                "{module} is forbidden ({file} line {}: forbid {})",
                line.from.line,
                line.name.escape_ascii()
            );
            return Err(self.could_not(asked, reason));
        }
        let mut line = Vec::new();
        step.show(&mut line);
        self.show(&line)?;
        if self.is_dry() {
            return Ok(());
        }

        let path = match &step.action {
            Action::Builtin => return Ok(()),
            Action::Command(line) => {
                let ended = self.run_command("install", &step.module.name, line, &step.options);
                // kmod's second line, which scripts look for.
                return ended.map_err(|failure| match failure {
                    Failure::Failed if step.required => self.could_not(asked, "Invalid argument"),
                    failure => failure,
                });
            }
            Action::Insert(path) => path,
            Action::Missing => {
                let module = step.module.name.escape_ascii();
                let tree = self.catalogue.tree.path().escape_ascii();
                return Err(self.could_not(
                    asked,
                    format_args!("Module {module} not found in directory {tree}"),
                ));
            }
        };
        let flags = Flags {
            ignore_vermagic: self.args.force || self.args.force_vermagic,
            ignore_modversions: self.args.force || self.args.force_modversion,
        };
        let (system, module) = (self.catalogue.tree.system(), &step.module.name);
        match load::insert(system, path, &step.options, flags) {
            Ok(()) => Ok(()),
            Err(failed) if failed.is_there(system, module) => match step.asked {
                true => self.already(asked),
                false => Ok(()),
            },
            // A soft dependency that fails is nobody's concern.
            Err(_) if !step.required => Err(Failure::Failed),
            Err(failed) => {
                let words = refused::words(Tool::Modprobe, system, module, failed);
                Err(self.could_not(asked, words))
            }
        }
    }

    /// The module is there already.
    fn already(&self, module: &Module) -> Result<(), Failure> {
        if self.args.first_time {
            Err(self.could_not(module, "Module already in kernel"))
        } else {
            Ok(())
        }
    }

    fn could_not(&self, module: &Module, reason: impl std::fmt::Display) -> Failure {
        self.failed(format_args!(
            "could not insert '{}': {reason}",
            module.name.escape_ascii()
        ))
    }

    /// In a container the kernel's modules are there and their lists are not:
    /// what is loaded or built in needs none.
    fn is_there_without_lists(&self, name: &OsStr) -> bool {
        let asks_for_files = self.is_dry() || self.args.show_alias || self.args.first_time;
        if asks_for_files || !self.catalogue.tree.is_missing() {
            return false;
        }
        let name = file::module_name(Path::new(name));
        state::is_known(self.catalogue.tree.system(), &name)
    }

    /// kmod's words, and what helps where a whole tree is missing.
    pub(super) fn not_found(&self, name: &OsStr) -> String {
        let tree = self.catalogue.tree.path().escape_ascii().to_string();
        let text = format!(
            "Module {} not found in directory {tree}",
            name.as_bytes().escape_ascii()
        );
        if !self.catalogue.tree.is_missing() {
            return text;
        }
        let remedy = if Path::new(&tree).is_dir() {
            "its lists are missing: run depmod"
        } else {
            "there is no such directory: install the modules of this kernel, or boot the kernel whose modules are installed"
        };
        format!("{text}\n  ({remedy})")
    }

    /// The absolute path of a file that a word names.
    pub(super) fn path_of(&self, name: &OsStr) -> Result<Vec<u8>, Failure> {
        let path = file::found(Path::new(name)).map_err(|error| {
            let (name, reason) = (name.as_bytes().escape_ascii(), reason(&error));
            self.fatal(format_args!(
                "Failed to get module from path {name}: {reason}"
            ))
        })?;
        Ok(path.into_os_string().into_encoded_bytes())
    }
}

/// Whether a word is a file's path and no name.
pub(super) fn is_path(word: &OsStr) -> bool {
    word.as_bytes().starts_with(b"/") || word.as_bytes().starts_with(b"./")
}

/// Makes `path` the file of the module that was asked for.
fn load_instead(plan: &mut Plan, path: &[u8]) {
    let asked = plan.steps.iter_mut().filter(|step| step.asked);
    for step in asked.filter(|step| !matches!(step.action, Action::Command(_))) {
        step.action = Action::Insert(path.to_vec());
    }
}
