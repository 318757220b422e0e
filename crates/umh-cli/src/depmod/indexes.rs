// SPDX-License-Identifier: MIT OR Apache-2.0

//! The indexes: what stands in which file.

use std::fs;
use std::io;
use std::path::Path;

use umh_modules::index::write::{Refused, Writer};

use super::dependencies::Dependencies;
use super::facts::{Facts, texts};
use super::order::explain;
use super::search::Found;
use super::symbols::Symbols;
use crate::kmod::messages::{Level, Messages};

mod builtin;
mod devname;

/// A file with its contents.
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// All that indexes are made of.
pub(super) struct Modules<'a> {
    pub(super) found: &'a [Found],
    pub(super) facts: &'a [Facts],
    pub(super) dependencies: Dependencies,
    pub(super) symbols: &'a Symbols,
    /// Where `modules.builtin` is.
    pub(super) directory: &'a Path,
    pub(super) messages: &'a Messages,
    /// Whether to warn of what is said twice.
    pub(super) duplicates: bool,
}

impl Modules<'_> {
    /// The indexes: those that people read, and the `binary` ones.
    pub(super) fn write(&mut self, binary: bool) -> Result<Vec<Index>, Refused> {
        let dependencies = self.dependencies();
        let symbols = self.symbols.of_modules();
        let index = |name, bytes| Index { name, bytes };
        let mut indexes = vec![
            index("modules.dep", lines(&dependencies)),
            index("modules.alias", self.alias()),
            index("modules.softdep", self.soft()),
            index("modules.weakdep", self.weak()),
            index("modules.symbols", self.symbol(&symbols)),
        ];
        if binary {
            indexes.extend([
                index("modules.dep.bin", self.dependencies_index(&dependencies)?),
                index("modules.alias.bin", self.alias_index()?),
                index("modules.symbols.bin", self.symbol_index(&symbols)?),
                index("modules.builtin.bin", builtin::names(self)?),
                index("modules.builtin.alias.bin", builtin::aliases(self)?),
            ]);
        }
        indexes.push(index("modules.devname", devname::text(self)));
        Ok(indexes)
    }

    /// `path: path...`, one module after the other.
    fn dependencies(&mut self) -> Vec<Vec<u8>> {
        let found = self.found;
        let line = |(at, module): (usize, &Found)| {
            let mut line = [module.shown(), b":"].concat();
            for on in self.dependencies.of(at) {
                line.push(b' ');
                line.extend_from_slice(found.get(on).map_or(b"", Found::shown));
            }
            line
        };
        found.iter().enumerate().map(line).collect()
    }

    fn dependencies_index(&self, lines: &[Vec<u8>]) -> Result<Vec<u8>, Refused> {
        let mut writer = Writer::default();
        for (module, line) in self.numbered().zip(lines) {
            self.add(&mut writer, &module.found.name, line, module.priority);
        }
        self.finish(writer, |_, line| {
            format!("duplicate module deps:\n{}", line.escape_ascii())
        })
    }

    fn alias(&self) -> Vec<u8> {
        let mut text = b"# Aliases extracted from modules themselves.\n".to_vec();
        for module in self.numbered() {
            for alias in texts(&module.facts.aliases) {
                line(&mut text, &[b"alias ", alias, b" ", &module.found.name]);
            }
        }
        text
    }

    fn alias_index(&self) -> Result<Vec<u8>, Refused> {
        let mut writer = Writer::default();
        let mut normal = Vec::new();
        for module in self.numbered() {
            for alias in texts(&module.facts.aliases) {
                if normalize(alias, &mut normal) {
                    self.add(&mut writer, &normal, &module.found.name, module.priority);
                } else {
                    self.warn(format_args!(
                        "Unmatched bracket in {}",
                        alias.escape_ascii()
                    ));
                }
            }
        }
        self.finish(writer, |alias, name| {
            format!(
                "duplicate module alias:\n{} {}",
                alias.escape_ascii(),
                name.escape_ascii()
            )
        })
    }

    fn soft(&self) -> Vec<u8> {
        let mut text = b"# Soft dependencies extracted from modules themselves.\n".to_vec();
        for module in self.numbered() {
            for others in texts(&module.facts.softdeps) {
                line(&mut text, &[b"softdep ", &module.found.name, b" ", others]);
            }
        }
        text
    }

    fn weak(&self) -> Vec<u8> {
        let mut text = b"# Weak dependencies extracted from modules themselves.\n".to_vec();
        for module in self.numbered() {
            for others in texts(&module.facts.weakdeps) {
                line(&mut text, &[b"weakdep ", &module.found.name, b" ", others]);
            }
        }
        text
    }

    fn symbol(&self, symbols: &[(&[u8], usize)]) -> Vec<u8> {
        let mut text = b"# Aliases for symbols, used by symbol_request().\n".to_vec();
        for (symbol, module) in symbols {
            line(
                &mut text,
                &[b"alias symbol:", symbol, b" ", self.name(*module)],
            );
        }
        text
    }

    fn symbol_index(&self, symbols: &[(&[u8], usize)]) -> Result<Vec<u8>, Refused> {
        let mut writer = Writer::default();
        let mut key = b"symbol:".to_vec();
        for (symbol, module) in symbols {
            key.truncate(b"symbol:".len());
            key.extend_from_slice(symbol);
            self.add(&mut writer, &key, self.name(*module), priority(*module));
        }
        self.finish(writer, |_, _| String::new())
    }

    /// Adds to an index what it can hold.
    fn add<'v>(&self, writer: &mut Writer<'v>, key: &[u8], value: &'v [u8], priority: u32) {
        if let Err(refused) = writer.add(key, value, priority) {
            let (key, value) = (key.escape_ascii(), value.escape_ascii());
            let text =
                format_args!("Module index: bad character, {refused}:\n{key} {value}").to_string();
            self.messages.say(Level::Fatal, text);
        }
    }

    fn finish(
        &self,
        writer: Writer<'_>,
        words: impl Fn(&[u8], &[u8]) -> String,
    ) -> Result<Vec<u8>, Refused> {
        if self.duplicates {
            for (key, value) in writer.duplicates() {
                self.warn(words(key, value));
            }
        }
        writer.finish()
    }

    /// A file of the module directory; a warning if it cannot be read.
    fn file(&self, name: &str) -> Option<Vec<u8>> {
        let warn = |error: &io::Error| {
            let (directory, what) = (self.directory.display(), explain(error));
            self.warn(format_args!("could not open {name} at {directory}: {what}"));
        };
        fs::read(self.directory.join(name)).inspect_err(warn).ok()
    }

    fn warn(&self, text: impl std::fmt::Display) {
        self.messages.say(Level::Warning, text);
    }

    fn name(&self, module: usize) -> &[u8] {
        self.found.get(module).map_or(b"", |found| &found.name)
    }

    fn numbered(&self) -> impl Iterator<Item = Module<'_>> {
        let both = self.found.iter().zip(self.facts).enumerate();
        both.map(|(at, (found, facts))| Module {
            found,
            facts,
            priority: priority(at),
        })
    }
}

/// One module.
struct Module<'a> {
    found: &'a Found,
    facts: &'a Facts,
    priority: u32,
}

fn priority(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn line(text: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| text.extend_from_slice(part));
    text.push(b'\n');
}

fn lines(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    lines.iter().for_each(|words| line(&mut text, &[words]));
    text
}

/// An alias as the index has it: `_` for `-` outside of brackets; whether the
/// brackets pair (kmod's `alias_normalize`).
fn normalize(alias: &[u8], normal: &mut Vec<u8>) -> bool {
    /// kmod's buffer has `PATH_MAX`.
    const MAX: usize = 4095;
    let alias = alias.get(..MAX).unwrap_or(alias);
    normal.clear();
    normal.extend_from_slice(alias);
    // Most have none of these.
    if memchr::memchr3(b'-', b'[', b']', alias).is_none() {
        return true;
    }
    let mut inside = false;
    for byte in normal {
        match byte {
            b'-' if !inside => *byte = b'_',
            b']' if !inside => return false,
            _ => inside = (inside || *byte == b'[') && *byte != b']',
        }
    }
    !inside
}
