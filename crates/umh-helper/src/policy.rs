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
mod sources;
mod tables;

pub use caps::Caps;
pub use command_line::CommandLine;
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
pub use sources::Sources;

use crate::audit::Level;
use crate::sys::Root;
use crate::toml::Strings;
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

/// What is compiled in, where nothing changes it.
pub static BUILTIN: Policy<'static> = Policy::builtin();

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
        let asked = CommandLine::read(root).unwrap_or_default();
        Sources::find(root, owner, asked, complain).read(room, complain)
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

    /// The rules in force that list `program`, in the same order. Without
    /// tables that change them, the built-in ones are looked at where they lie.
    fn rules_listing<'p>(&'p self, program: &'p [u8]) -> impl Iterator<Item = Rule<'a>> + 'p {
        let unchanged = self.helpers.is_empty();
        let builtin = defaults::RULES.iter();
        let builtin = builtin.filter(move |rule| unchanged && rule.lists(program));
        let changed = (!unchanged).then(|| self.rules().filter(|rule| rule.lists(program)));
        builtin.copied().chain(changed.into_iter().flatten())
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
