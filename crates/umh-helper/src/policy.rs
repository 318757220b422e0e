// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who may ask for what: `judge(&Message) -> Verdict`.
//!
//! A complete policy is compiled in ([`defaults`]). Files narrow it, or say
//! `widen = true`:
//!
//! 1. `/usr/lib/umh/policy.d/*.toml`, the distribution's;
//! 2. `/etc/umh/policy.d/*.toml`, the administrator's.
//!
//! They take effect in byte order of their names; a name in `/etc` replaces
//! the same name in `/usr/lib`, and an empty file masks it. A file with
//! anything wrong is ignored whole, as if it were not there, with one
//! complaint.
//!
//! A rule binds a caller, the programs that it may ask for and the arguments
//! that it may pass. The caller is known by its fingerprint (`umh_abi`), so
//! a setting that an attacker pointed at another caller's program gains
//! nothing: no rule of *this* caller lists it.

pub mod args;
pub mod caps;
pub mod defaults;
pub mod path;
pub mod rule;

mod command_line;
mod complaint;
mod file;
mod files;
mod filter;
mod judge;
mod merge;
mod patch;
mod show;
mod tables;

pub use caps::Caps;
pub use complaint::Complaint;
pub use complaint::Fault;
pub use file::Origin;
pub use files::FILE_MAX;
pub use filter::Filter;
pub use judge::Check;
pub use judge::Verdict;
pub use merge::has_builtin;
pub use rule::Landlock;
pub use rule::Rule;
pub use rule::Run;
pub use rule::Seccomp;
pub use rule::Target;

use crate::audit::Level;
use crate::sys::Root;
use crate::toml::Strings;
use command_line::CommandLine;
use files::Texts;
use patch::Patch;
use tables::Tables;

/// How much memory [`Policy::load`] can use for the texts of files, one half
/// for each directory. Only what they fill is touched.
pub const FILES_ROOM: usize = 512 * 1024;

/// The most tables `[helper.NAME]` in all files together.
const HELPERS_MAX: usize = 64;

/// The most tables `[modules]` in all files together.
const FILTERS_MAX: usize = 16;

/// All rules that are in force.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Whether refusals take effect.
    pub mode: Mode,
    /// Which calls are logged.
    pub log: Level,
    /// The mount points whose mounts programs may lie on (`[trust] mounts`).
    pub mounts: Strings<'a>,
    /// Whether the administrator's files are ignored.
    vendor_only: bool,
    /// Whether there are files but was no memory for them: what they refuse is
    /// not known, so that no module is loaded.
    unread: bool,
    helpers: Tables<'a, HELPERS_MAX>,
    filters: Tables<'a, FILTERS_MAX>,
}

/// Whether refusals take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Enforce,
    /// They are logged, and the call is let through: but never one whose
    /// program is not named in plain absolute form, lies under `/proc`, or is
    /// not trusted.
    Audit,
}

impl<'a> Policy<'a> {
    /// What is compiled in.
    pub const fn builtin() -> Policy<'static> {
        Policy {
            mode: Mode::Enforce,
            log: Level::Denials,
            mounts: defaults::MOUNTS,
            vendor_only: false,
            unread: false,
            helpers: Tables::new(),
            filters: Tables::new(),
        }
    }

    /// What is compiled in, as the files below `root` change it. Their texts
    /// are kept in what `room` gives ([`FILES_ROOM`]), which is asked only
    /// where there are any; what is wrong with a file goes to `complain`.
    pub fn load(
        root: &Root,
        room: impl FnOnce() -> Option<&'a mut [u8]>,
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) -> Self {
        Self::load_owned_by(0, root, room, complain)
    }

    /// The same with files that belong to `owner` instead of root: for an
    /// image that is not installed yet, and for tests.
    pub fn load_owned_by(
        owner: u32,
        root: &Root,
        room: impl FnOnce() -> Option<&'a mut [u8]>,
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) -> Self {
        let asked = CommandLine::read(root);
        if asked.unknown {
            let fault = Fault {
                line: 0,
                subject: "umh.mode",
                text: "expected enforce, audit or vendor-only",
            };
            complain(&Complaint {
                file: command_line::PATH,
                fault,
            });
        }
        let vendor = files::open(root, Origin::Vendor, owner, complain);
        let admin = files::open(root, Origin::Admin, owner, complain);
        let is_any = vendor.is_some() || admin.is_some();
        let mut policy = match is_any.then(room) {
            None => Self::builtin(),
            Some(None) => {
                let text = "no memory for the files: refusing all modules, which they may deny";
                files::complain_of(Origin::Admin, b"", text, complain);
                Self {
                    unread: true,
                    ..Self::builtin()
                }
            }
            Some(Some(room)) => {
                let (vendors, admins) = room.split_at_mut(room.len() / 2);
                let mut texts = Texts::new();
                if let Some(vendor) = vendor {
                    texts.read(&vendor, Origin::Vendor, owner, vendors, complain);
                }
                let closed = |texts| Self::of(texts, &mut |_| {}).vendor_only;
                if let Some(admin) = admin.filter(|_| !asked.vendor_only && !closed(&texts)) {
                    texts.read(&admin, Origin::Admin, owner, admins, complain);
                }
                Self::of(&texts, complain)
            }
        };
        policy.mode = asked.mode.unwrap_or(policy.mode);
        policy
    }

    /// What the texts make of the built-in policy, one after another.
    fn of(texts: &Texts<'a>, complain: &mut dyn FnMut(&Complaint<'_>)) -> Self {
        let mut policy = Self::builtin();
        for text in texts.iter() {
            let both = [(Origin::Admin, text.admin), (Origin::Vendor, text.vendor)];
            for (origin, text_of_it) in both
                .iter()
                .filter_map(|(origin, text)| Some((*origin, (*text)?)))
            {
                match policy.with_file(text_of_it, origin) {
                    Ok(next) => {
                        policy = next;
                        break;
                    }
                    Err(fault) => files::complain_with(origin, text.name, fault, complain),
                }
            }
        }
        policy
    }

    /// The rules in force, the built-in ones first.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'a>> + '_ {
        let is_builtin = |name: &str| defaults::RULES.iter().any(|rule| rule.name == name);
        let tables = self.helpers.iter().enumerate();
        let new = tables.filter(move |(index, table)| {
            let before = self
                .helpers
                .iter()
                .take(*index)
                .any(|earlier| earlier.name == table.name);
            !before && !is_builtin(table.name)
        });
        let builtin = defaults::RULES.iter().map(|rule| self.patched(*rule));
        builtin.chain(new.filter_map(|(_, table)| self.rule(table.name)))
    }

    /// The rule of that name.
    pub fn rule(&self, name: &str) -> Option<Rule<'a>> {
        if let Some(rule) = defaults::RULES.iter().find(|rule| rule.name == name) {
            return Some(self.patched(*rule));
        }
        let first = self.helpers.iter().find(|table| table.name == name)?;
        let patch = Patch::read(first.entries()).ok()?;
        Some(self.patched(Rule::new(first.name, patch.caller?)))
    }

    /// The tables `[modules]` in force.
    pub fn filters(&self) -> impl Iterator<Item = Filter<'a>> + Clone + '_ {
        // Every table was read without a fault before.
        self.filters
            .iter()
            .filter_map(|table| Filter::read(table.entries()).ok())
    }

    /// Whether the programs of modprobe.d's `install` lines may run: the last
    /// table that says so decides.
    pub fn runs_installs(&self) -> bool {
        let said = self.filters().filter_map(|filter| filter.install);
        said.last().unwrap_or(false)
    }

    /// The rule as the tables of its name change it.
    fn patched(&self, rule: Rule<'a>) -> Rule<'a> {
        let tables = self.helpers.iter().filter(|table| table.name == rule.name);
        tables.fold(rule, |rule, table| match Patch::read(table.entries()) {
            Ok(patch) => patch.apply(&rule),
            // Every table was read without a fault before.
            Err(_) => Rule {
                enabled: false,
                ..rule
            },
        })
    }
}

#[cfg(test)]
mod tests;
