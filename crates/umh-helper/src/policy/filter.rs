// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which modules the kernel may ask for: the tables `[modules]`.
//!
//! Only requests of the kernel are tested; an administrator's own modprobe
//! is not. A request is refused if its name, a module that it resolves to or
//! a dependency of one is in `deny`; with `default = "deny"` also unless its
//! name, or every module that it resolves to, is in `allow` (their
//! dependencies come with them). Every file's table must let a request pass.
//! Only a table with `widen = true` can lift what earlier files refuse: for
//! what is in its `allow`, or with `default = "allow"` for all.
//!
//! What a name leads to is the whole plan of the built-in answer, with what
//! modprobe.d(5) adds. Where another program answers, which may be busybox, a
//! name that it would cut has to pass as it is and as it is cut.

use alloc::vec::Vec;

use super::patch::{boolean, string, strings};
use super::{Complaint, FILTERS_MAX, Fault};
use crate::modules::{Modules, Unknowable, Wanted};
use crate::toml::{Entries, Strings};

/// One table `[modules]`.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// Whether what is in no list passes; `None` if the table does not say.
    pub allow_by_default: Option<bool>,
    /// Names that pass, `*` at the end for any rest.
    pub allow: Strings<'a>,
    /// Names that do not, `*` at the end for any rest.
    pub deny: Strings<'a>,
    /// Whether the programs of modprobe.d's `install` lines may run.
    pub install: Option<bool>,
    /// Whether what earlier tables refuse may pass.
    pub widen: bool,
}

impl<'a> Filter<'a> {
    pub(super) fn read(entries: Entries<'a>) -> Result<Self, Fault<'a>> {
        let mut filter = Self {
            allow_by_default: None,
            allow: Strings::NONE,
            deny: Strings::NONE,
            install: None,
            widen: false,
        };
        for entry in entries {
            match entry.key {
                "default" => {
                    filter.allow_by_default = Some(match string(&entry)? {
                        "allow" => true,
                        "deny" => false,
                        _ => return Err(Fault::at(&entry, "expected \"allow\" or \"deny\"")),
                    });
                }
                "allow" => filter.allow = strings(&entry)?,
                "deny" => filter.deny = strings(&entry)?,
                "install" => {
                    filter.install = Some(match string(&entry)? {
                        "run" => true,
                        "refuse" => false,
                        _ => return Err(Fault::at(&entry, "expected \"run\" or \"refuse\"")),
                    });
                }
                "widen" => filter.widen = boolean(&entry)?,
                _ => {
                    return Err(Fault::at(
                        &entry,
                        "unknown key: [modules] has `default`, `allow`, `deny`, `install` and `widen`",
                    ));
                }
            }
            let mut names = filter.allow.iter().chain(filter.deny.iter());
            if let Some(name) = names.find(|name| !is_name(name)) {
                let text = "not a module's name: printable ASCII, `*` only as the last character";
                return Err(Fault {
                    line: entry.line,
                    subject: name,
                    text,
                });
            }
        }
        Ok(filter)
    }

    pub(super) fn denies_by_default(&self) -> bool {
        self.allow_by_default == Some(false)
    }

    /// The key that would lift a refusal but may not, where an earlier table
    /// refuses by default.
    pub(super) fn needs_widen(&self, strict: bool) -> Option<&'static str> {
        if self.install == Some(true) && !self.widen {
            return Some("install");
        }
        match self.allow_by_default {
            Some(true) if strict && !self.widen => Some("default"),
            None if strict && !self.widen && !self.allow.is_empty() => Some("allow"),
            _ => None,
        }
    }
}

/// What one table makes of one spelling of a request.
#[derive(Clone, Copy, Default)]
struct Finding<'a> {
    /// What refuses it: a pattern, and the module if it is no other's name.
    denied: Option<&'a [u8]>,
    name_allowed: bool,
    others_allowed: bool,
    others: bool,
}

/// Tests a request against all tables: what refuses it, or `None`. Without a
/// readable index nobody can tell what the name leads to: then tables that
/// refuse by default refuse it, the others look at the name alone, and
/// `complain` hears of what they let pass.
#[inline(never)]
pub(super) fn refusal<'v>(
    filters: impl Iterator<Item = Filter<'v>> + Clone,
    modules: &Modules<'_>,
    name: &'v [u8],
    by_us: bool,
    complain: &mut dyn FnMut(&Complaint<'_>),
) -> Option<&'v [u8]> {
    let trivial =
        |filter: &Filter<'_>| filter.deny.is_empty() && filter.allow_by_default != Some(false);
    if filters.clone().all(|filter| trivial(&filter)) {
        return None;
    }

    let mut blind = false;
    let cut = cut_by_busybox(name).filter(|_| !by_us);
    for (spelling, is_cut) in [(Some(name), false), (cut, true)] {
        let Some(spelling) = spelling else { continue };
        let resolved = if is_cut {
            modules.wanted_as_cut(spelling)
        } else {
            modules.wanted(spelling)
        };
        let findings = find(filters.clone(), spelling, resolved);
        blind |= resolved.is_err();

        let mut refusal = None;
        for (filter, finding) in filters.clone().zip(&findings) {
            // Cut, a name that leads to no module is nothing to be refused.
            let by_modules = if finding.others {
                finding.others_allowed
            } else {
                is_cut
            };
            let allowed = finding.name_allowed || by_modules;
            let allowed = allowed && resolved.is_ok();
            if let Some(pattern) = finding.denied {
                refusal = Some(pattern);
            } else if filter.widen && (allowed || filter.allow_by_default == Some(true)) {
                refusal = None;
            } else if filter.denies_by_default() && !allowed {
                refusal = Some(if resolved.is_ok() { name } else { UNREADABLE });
            }
        }
        if refusal.is_some() {
            return refusal;
        }
    }
    if blind {
        let text = "no readable index: [modules] looks at names alone, not at what they lead to; run depmod(8)";
        complain(&Complaint {
            file: b"/lib/modules",
            fault: Fault::of_file(text),
        });
    }
    None
}

/// What each table makes of `name` and, as far as that is known, of all that
/// it leads to.
fn find<'v>(
    filters: impl Iterator<Item = Filter<'v>> + Clone,
    name: &[u8],
    resolved: Result<&Wanted, &Unknowable>,
) -> [Finding<'v>; FILTERS_MAX] {
    let mut findings = [Finding::default(); FILTERS_MAX];
    for (filter, finding) in filters.clone().zip(&mut findings) {
        let denied = filter.deny.iter().find(|pattern| matches(pattern, name));
        finding.denied = denied.map(str::as_bytes);
        finding.name_allowed = filter.allow.iter().any(|pattern| matches(pattern, name));
        finding.others_allowed = true;
    }
    let leads = resolved.map_or(&[][..], |wanted| &wanted.leads);
    for step in leads.iter().flat_map(|lead| &lead.plan.steps) {
        let module = &step.module.name[..];
        for (filter, finding) in filters.clone().zip(&mut findings) {
            let denied = filter.deny.iter().find(|pattern| matches(pattern, module));
            if let (None, Some(pattern)) = (finding.denied, denied) {
                finding.denied = Some(told(pattern, module));
            }
            if step.asked {
                finding.others = true;
                finding.others_allowed &=
                    filter.allow.iter().any(|pattern| matches(pattern, module));
            }
        }
    }
    findings
}

/// What refuses a module: the pattern, with the module unless the pattern is
/// its name.
fn told<'v>(pattern: &'v str, module: &[u8]) -> &'v [u8] {
    if pattern.len() == module.len() && !pattern.ends_with('*') {
        return pattern.as_bytes();
    }
    // There is memory: the plan was made in it. It lasts as long as the
    // process, as the policy does.
    let told: Vec<u8> = [module, b" (", pattern.as_bytes(), b")"].concat();
    told.leak()
}

/// The name that busybox's modprobe takes for `name`, if it is another: what
/// follows the last `/`, up to the first `.`
/// (`modutils/modutils.c:filename2modname`, 1.37).
fn cut_by_busybox(name: &[u8]) -> Option<&[u8]> {
    let component = name.rsplit(|byte| *byte == b'/').next()?;
    let cut = component.split(|byte| *byte == b'.').next()?;
    (cut.len() != name.len() && !cut.is_empty()).then_some(cut)
}

/// The detail of a refusal because nobody can tell what the name leads to.
const UNREADABLE: &[u8] = b"no readable module index";

/// Whether `pattern` names `module`: `-` and `_` are one, a `*` at its end
/// stands for any rest.
fn matches(pattern: &str, module: &[u8]) -> bool {
    let (stem, open) = match pattern.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (pattern, false),
    };
    let begun = module.get(..stem.len()).is_some_and(|begin| {
        begin
            .iter()
            .zip(stem.bytes())
            .all(|(byte, wanted)| fold(*byte) == fold(wanted))
    });
    begun && (open || module.len() == stem.len())
}

const fn fold(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte }
}

fn is_name(name: &str) -> bool {
    let stem = name.strip_suffix('*').unwrap_or(name);
    !name.is_empty()
        && stem
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'*')
}

#[cfg(test)]
mod tests;
