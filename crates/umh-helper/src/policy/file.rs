// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one file makes of the policy in force.

use super::filter::Filter;
use super::merge::merge;
use super::patch::{Patch, boolean, string, trees};
use super::tables::Table;
use super::{Fault, Mode, Policy};
use crate::audit::Level;
use crate::toml::{Document, Entries, Entry, Section, Value};

/// The only version of the format that there is.
const VERSION: i64 = 1;

/// The longest name of a rule: it stands in every line of the log.
const NAME_MAX: usize = 64;

impl<'a> Policy<'a> {
    /// This policy as `text` changes it, or the first thing that is wrong
    /// with the text. An empty text changes nothing.
    pub fn with_file(&self, text: &'a [u8], origin: Origin) -> Result<Self, Fault<'a>> {
        let document = Document::read(text).map_err(|error| Fault {
            line: error.line,
            subject: "",
            text: error.problem.text(),
        })?;
        let is_empty = document
            .sections()
            .all(|section| section.path.names().is_empty() && section.entries().next().is_none());
        if is_empty {
            return Ok(*self);
        }

        let mut policy = *self;
        for section in document.sections() {
            match section.path.names() {
                [] => policy.general(section.entries(), origin)?,
                ["trust"] => policy.trust(section.entries())?,
                ["modules"] => policy.filter(&section)?,
                ["helper"] if section.entries().next().is_none() => {}
                ["helper", name] => policy.helper(name, &section)?,
                names => {
                    let subject = names.first().copied().unwrap_or("");
                    let text = "unknown table: there are [trust], [modules] and [helper.NAME]";
                    return Err(Fault {
                        line: section.line,
                        subject,
                        text,
                    });
                }
            }
        }
        Ok(policy)
    }

    /// The keys before any table.
    fn general(&mut self, entries: Entries<'a>, origin: Origin) -> Result<(), Fault<'a>> {
        let mut version = false;
        let mut audit = None;
        let mut widen = false;
        for entry in entries {
            match (entry.key, entry.value) {
                ("version", Value::Integer(VERSION)) => version = true,
                ("version", _) => return Err(Fault::at(&entry, "this umh reads version = 1")),
                ("widen", _) => widen = boolean(&entry)?,
                ("log", _) => self.log = level(&entry)?,
                ("mode", Value::String("enforce")) => self.mode = Mode::Enforce,
                ("mode", Value::String("audit")) => audit = Some(entry),
                ("mode", Value::String("vendor-only")) => {
                    if origin == Origin::Admin {
                        return Err(Fault::at(
                            &entry,
                            "vendor-only would ignore this file: remove it, or boot with umh.mode=vendor-only",
                        ));
                    }
                    self.vendor_only = true;
                }
                ("mode", _) => {
                    return Err(Fault::at(
                        &entry,
                        "expected \"enforce\", \"audit\" or \"vendor-only\"",
                    ));
                }
                _ => {
                    return Err(Fault::at(
                        &entry,
                        "unknown key: the keys are listed in umh-policy(5)",
                    ));
                }
            }
        }
        if !version {
            return Err(Fault {
                line: 1,
                subject: "version",
                text: "missing: begin the file with `version = 1`",
            });
        }
        match audit {
            Some(entry) if self.mode != Mode::Audit && !widen => {
                return Err(Fault::at(
                    &entry,
                    "audit lets refused calls through: add `widen = true` beside it",
                ));
            }
            Some(_) => self.mode = Mode::Audit,
            None => {}
        }
        Ok(())
    }

    /// `[trust]`
    fn trust(&mut self, entries: Entries<'a>) -> Result<(), Fault<'a>> {
        let mut mounts = None;
        let mut widen = false;
        for entry in entries {
            match entry.key {
                "widen" => widen = boolean(&entry)?,
                "mounts" => mounts = Some((trees(&entry)?, entry)),
                _ => {
                    return Err(Fault::at(
                        &entry,
                        "unknown key: [trust] has `mounts` and `widen`",
                    ));
                }
            }
        }
        if let Some((mounts, entry)) = mounts {
            if !widen && !mounts.within(self.mounts) {
                return Err(Fault::at(
                    &entry,
                    "trusts a mount that was not trusted: add `widen = true`",
                ));
            }
            self.mounts = mounts;
        }
        Ok(())
    }

    /// `[modules]`
    fn filter(&mut self, section: &Section<'a>) -> Result<(), Fault<'a>> {
        let filter = Filter::read(section.entries())?;
        let strict = self.filters().any(|earlier| earlier.denies_by_default());
        if let Some(key) = filter.needs_widen(strict) {
            return Err(Fault::key(
                section,
                key,
                "allows what an earlier file refuses: add `widen = true`",
            ));
        }
        self.filters
            .push(Table::of("", section))
            .map_err(|text| Fault {
                line: section.line,
                subject: "",
                text,
            })
    }

    /// `[helper.NAME]`
    fn helper(&mut self, name: &'a str, section: &Section<'a>) -> Result<(), Fault<'a>> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@');
        let begins = name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric());
        if !begins || name.len() > NAME_MAX || !name.bytes().all(allowed) {
            let text = "a rule's name has up to 64 letters, digits, `-`, `_`, `.` and `@`";
            return Err(Fault {
                line: section.line,
                subject: name,
                text,
            });
        }
        let patch = Patch::read(section.entries())?;
        merge(name, self.rule(name).as_ref(), &patch)
            .map_err(|(key, text)| Fault::key(section, key, text))?;
        self.helpers
            .push(Table::of(name, section))
            .map_err(|text| Fault {
                line: section.line,
                subject: name,
                text,
            })
    }
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The distribution's, under `/usr/lib`.
    Vendor,
    /// The administrator's, under `/etc`.
    Admin,
}

fn level<'a>(entry: &Entry<'a>) -> Result<Level, Fault<'a>> {
    match string(entry)? {
        "none" => Ok(Level::None),
        "denials" => Ok(Level::Denials),
        "all" => Ok(Level::All),
        _ => Err(Fault::at(
            entry,
            "expected \"none\", \"denials\" or \"all\"",
        )),
    }
}
