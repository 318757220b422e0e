// SPDX-License-Identifier: MIT OR Apache-2.0

//! What modprobe only prints: the configuration, and the symbols of a module.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use umh_modules::elf::Object;
use umh_modules::{glob, name, system};

use super::insert::is_path;
use super::{Failure, Probe};
use crate::kmod::file::{self, Reader};
use crate::kmod::messages::reason;

/// The largest `modules.dep` that is read: a hundred times Debian's.
const LIST_MAX: usize = 64 << 20;

impl Probe<'_, '_> {
    /// `-c`: every command of the configuration, then the aliases and symbols
    /// of the tree.
    pub(super) fn show_config(&mut self) -> io::Result<()> {
        let config = &self.catalogue.config;
        let lines = [
            ("install", &config.installs),
            ("remove", &config.removes),
            ("alias", &config.aliases),
            ("options", &config.options),
        ];
        let out = &mut self.out;
        let mut write = |command: &str, words: &[&[u8]]| {
            let line = [command.as_bytes(), b" ", &words.join(&b' '), b"\n"];
            out.write_all(&line.concat())
        };
        for line in &config.blacklist {
            write("blacklist", &[&line.name])?;
        }
        for (command, lines) in lines {
            for line in lines {
                write(command, &[&line.name, &line.value])?;
            }
        }
        // kmod writes the blank also where nothing follows.
        for softdep in &config.softdeps {
            write("softdep", &[&softdep.name, &softdep.value()])?;
        }
        for weakdep in &config.weakdeps {
            write("weakdep", &[&weakdep.name, &weakdep.on.join(&b' ')])?;
        }
        for line in &config.forbids {
            write("forbid", &[&line.name])?;
        }

        writeln!(
            out,
            "\n# End of configuration files. Dumping indexes now:\n"
        )?;
        let tree = &self.catalogue.tree;
        let mut written = Ok(());
        let mut write = |key: &[u8], module: &[u8]| {
            if written.is_ok() {
                written = out.write_all(&[b"alias ", key, b" ", module, b"\n"].concat());
            }
        };
        let aliases = tree.dump_aliases(&mut write);
        let symbols = tree.dump_symbols(&mut write);
        for unreadable in [aliases, symbols].into_iter().filter_map(Result::err) {
            self.messages.error(unreadable);
        }
        written
    }

    /// `-l`: the files of the modules that the words, as patterns, fit.
    pub(super) fn list(&mut self) -> Result<(), Failure> {
        let words = self.args.words.iter();
        let patterns: Vec<_> = words
            .filter_map(|word| name::of_alias(word.as_bytes()))
            .collect();
        let fits = |path: &[u8]| {
            let name = name::of_path(path);
            patterns.iter().any(|pattern| glob::matches(pattern, &name))
        };
        let tree = &self.catalogue.tree;
        let list = tree.file(b"modules.dep");
        let text = system::read(tree.system(), &list, LIST_MAX).map_err(|errno| {
            let reason = reason(&errno.into());
            self.fatal(format_args!(
                "could not open {}: {reason}",
                list.escape_ascii()
            ))
        })?;
        for line in text.split(|byte| *byte == b'\n') {
            let path = line.split(|byte| *byte == b':').next().unwrap_or_default();
            if !path.is_empty() && (self.args.words.is_empty() || fits(path)) {
                self.out.write_all(&[path, b"\n"].concat())?;
            }
        }
        Ok(())
    }

    /// `--show-modversions`: the symbols that a module uses.
    pub(super) fn show_modversions(&mut self, word: &OsStr) -> Result<(), Failure> {
        self.show_symbols(word, "modversions", |object| {
            let versions = object.versions();
            versions
                .map(|version| (version.crc, version.name.to_vec()))
                .collect()
        })
    }

    /// `--show-exports`: the symbols that a module exports.
    pub(super) fn show_exports(&mut self, word: &OsStr) -> Result<(), Failure> {
        self.show_symbols(word, "symbols", |object| {
            let exports = object.exports();
            exports
                .iter()
                .map(|export| (export.crc, export.name.to_vec()))
                .collect()
        })
    }

    fn show_symbols(
        &mut self,
        word: &OsStr,
        what: &str,
        of: impl Fn(&Object<'_>) -> Vec<(u64, Vec<u8>)>,
    ) -> Result<(), Failure> {
        for path in self.files_of(word)? {
            let failed = |reason: &dyn std::fmt::Display| {
                let module = file::module_name(&path);
                self.fatal(format_args!(
                    "could not get {what} of {}: {reason}",
                    module.escape_ascii()
                ))
            };
            let system = self.catalogue.tree.system();
            let symbols = Reader::new(system).object(path.as_os_str().as_bytes(), &of);
            let symbols = symbols.map_err(|error| failed(&reason(&error)))?;
            if symbols.is_empty() {
                return Err(failed(&"No data available"));
            }
            for (crc, name) in symbols {
                write!(self.out, "0x{crc:08x}\t")?;
                self.out.write_all(&[&name, &b"\n"[..]].concat())?;
            }
        }
        Ok(())
    }

    /// The files that a word means.
    fn files_of(&self, word: &OsStr) -> Result<Vec<PathBuf>, Failure> {
        let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
        if is_path(word) {
            return Ok(vec![path(&self.path_of(word)?)]);
        }
        let found = self.resolve(word, || self.not_found(word))?;
        let tree = &self.catalogue.tree;
        let files = found.modules.iter().map(|module| {
            let dependencies = tree
                .dependencies(&module.name)
                .map_err(|error| self.unreadable(&error))?;
            let file = dependencies.map(|dependencies| path(&tree.file(&dependencies.path)));
            file.ok_or_else(|| {
                self.fatal(format_args!(
                    "Module {} has no file",
                    module.name.escape_ascii()
                ))
            })
        });
        files.collect()
    }
}
