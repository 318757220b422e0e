// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which settings of the kernel are pointed at umh. They matter on kernels
//! without the option, and do no harm on others: the rules list these paths.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use rustix::fs::OFlags;
use serde::Serialize;

use crate::args::Part;
use crate::failure::Failure;
use crate::install::plan::Refusal;
use crate::install::sysctl::{self, Line};
use crate::paths;
use crate::tree::Tree;

/// The settings to be made.
#[derive(Debug, Default)]
pub struct Settings {
    chosen: Vec<Setting>,
    /// What was left alone, and why.
    pub notes: Vec<String>,
}

#[derive(Debug)]
struct Setting {
    name: &'static str,
    value: String,
    /// In force now, as far as can be seen.
    before: Option<String>,
    /// In a kernel that nobody set up.
    default: &'static str,
}

/// One setting, as it is reported.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The sysctl.
    pub name: String,
    /// Its new value.
    pub value: String,
    /// Its value before, if it could be read.
    pub before: Option<String>,
    /// Whether the running kernel has it now.
    pub now: bool,
}

/// Where `modprobe` usually is; what counts as not having been changed.
const MODPROBES: &[&str] = &["/sbin/modprobe", "/usr/sbin/modprobe", "/usr/bin/modprobe"];
const POWEROFFS: &[&str] = &["/sbin/poweroff", "/usr/sbin/poweroff", "/usr/bin/poweroff"];
const COREDUMPS: &[&str] = &[
    "/usr/lib/systemd/systemd-coredump",
    "/lib/systemd/systemd-coredump",
];

/// Decides about each setting, and refuses where one would break something.
pub fn choose(
    tree: &Tree,
    without: &[Part],
    refusals: &mut Vec<Refusal>,
) -> Result<Settings, Failure> {
    let lines = sysctl::lines(tree);
    let mut settings = Settings::default();
    if !without.contains(&Part::Modprobe) {
        settings.chosen.extend(modprobe(tree, &lines, refusals));
    }
    if !without.contains(&Part::Core) {
        settings.core(tree, &lines);
    }
    if !without.contains(&Part::Poweroff) {
        settings.poweroff(tree, &lines);
    }
    Ok(settings)
}

fn modprobe(tree: &Tree, lines: &[Line], refusals: &mut Vec<Refusal>) -> Option<Setting> {
    let name = "kernel.modprobe";
    let mut refuse = |what: String, remedy: &str| {
        refusals.push(Refusal {
            what,
            remedy: format!("{remedy}, or leave the setting alone: --without modprobe"),
        });
    };
    let (before, source) = in_force(tree, lines, name);
    match &before {
        Some(value) if value.is_empty() => refuse(
            format!(
                "{name} is empty ({source}): module loading on request was switched off on purpose"
            ),
            "set it to /sbin/modprobe",
        ),
        Some(value) if !is_known(value, MODPROBES) => refuse(
            format!(
                "{name} is {} already ({source})",
                value.as_bytes().escape_ascii()
            ),
            "find out who set it and set it back to /sbin/modprobe",
        ),
        _ => {}
    }
    Some(Setting {
        name,
        value: format!("{}/modprobe", paths::HOME),
        before,
        default: "/sbin/modprobe",
    })
}

impl Settings {
    /// systemd-coredump alone takes its pattern from a sysctl.d file; its
    /// words are kept, with our link in the place of the program.
    fn core(&mut self, tree: &Tree, lines: &[Line]) {
        let name = "kernel.core_pattern";
        let handler = |value: &str| {
            let words = value.strip_prefix('|')?;
            let program = words.split_once(' ').map_or(words, |(program, _)| program);
            COREDUMPS.contains(&program).then(|| words.to_owned())
        };
        let installed = COREDUMPS.iter().any(|path| tree.exists(path));
        let words = lines
            .iter()
            .rev()
            .filter(|line| line.key == name)
            .find_map(|line| handler(&line.value));
        let Some(words) = words.filter(|_| installed) else {
            return;
        };

        let (before, source) = in_force(tree, lines, name);
        let ours = before
            .as_ref()
            .is_some_and(|value| value.starts_with(&format!("|{}/core ", paths::HOME)));
        match &before {
            Some(value) if !ours && value != "core" && handler(value).is_none() => {
                let value = value.as_bytes().escape_ascii();
                self.notes.push(format!(
                    "{name} is {value} ({source}): left alone, it is not systemd-coredump"
                ));
            }
            _ => {
                let rest = words.split_once(' ').map_or("", |(_, rest)| rest);
                let value = format!("|{}/core {rest}", paths::HOME);
                self.chosen.push(Setting {
                    name,
                    value,
                    before,
                    default: "core",
                });
            }
        }
    }

    fn poweroff(&mut self, tree: &Tree, lines: &[Line]) {
        let name = "kernel.poweroff_cmd";
        let (before, source) = in_force(tree, lines, name);
        match &before {
            Some(value) if !is_known(value, POWEROFFS) => {
                let value = value.as_bytes().escape_ascii();
                self.notes
                    .push(format!("{name} is \"{value}\" ({source}): left alone"));
            }
            _ => {
                let value = format!("{}/poweroff", paths::HOME);
                self.chosen.push(Setting {
                    name,
                    value,
                    before,
                    default: "/sbin/poweroff",
                });
            }
        }
    }

    /// The sysctl.d file; `None` if there is nothing to set.
    pub fn file(&self) -> Option<String> {
        let lines = self
            .chosen
            .iter()
            .map(|setting| format!("{}={}\n", setting.name, setting.value));
        let lines: String = lines.collect();
        let title = "# Placed by `umh install`. The kernel asks umh in place of these programs;\n\
                     # umh answers by policy: umh-policy(5), usermode-helper(8).\n";
        (!lines.is_empty()).then(|| format!("{title}{lines}"))
    }

    /// The values to go back to.
    pub fn remembered(&self) -> BTreeMap<String, String> {
        let value = |setting: &Setting| match &setting.before {
            Some(before) if !before.contains(paths::HOME) => before.clone(),
            _ => setting.default.to_owned(),
        };
        self.chosen
            .iter()
            .map(|setting| (setting.name.to_owned(), value(setting)))
            .collect()
    }

    /// Makes the settings in the running kernel.
    pub fn apply(&self, tree: &Tree) -> Result<(), Failure> {
        self.chosen
            .iter()
            .try_for_each(|setting| set(tree, setting.name, &setting.value))
    }

    /// The settings as they are reported; `now` says whether the running
    /// kernel has them.
    pub fn changes(&self, now: bool) -> Vec<Change> {
        let change = |setting: &Setting| Change {
            name: setting.name.to_owned(),
            value: setting.value.clone(),
            before: setting.before.clone(),
            now,
        };
        self.chosen.iter().map(change).collect()
    }
}

/// Sets the sysctl `name` of the running kernel.
pub fn set(tree: &Tree, name: &str, value: &str) -> Result<(), Failure> {
    let path = paths::sysctl(name);
    let write = || -> io::Result<()> {
        let file = tree.open_at(path.as_ref(), OFlags::WRONLY | OFlags::TRUNC)?;
        std::fs::File::from(file).write_all(value.as_bytes())
    };
    write().map_err(|error| Failure::io("set", tree.show(&path), &error))
}

/// The value of `name` in the running kernel, or else what files set, and
/// where it was found. Our own file does not count.
fn in_force(tree: &Tree, lines: &[Line], name: &str) -> (Option<String>, String) {
    let path = paths::sysctl(name);
    let live = tree
        .line(&path)
        .ok()
        .map(|value| String::from_utf8_lossy(&value).into_owned());
    let file = lines
        .iter()
        .rev()
        .find(|line| line.key == name && line.file != paths::SYSCTL);
    match (live, file) {
        // A file that comes later than ours wins at the next boot.
        (_, Some(line)) if *line.name > *"50-umh.conf" => {
            (Some(line.value.clone()), line.file.clone())
        }
        (Some(live), _) => (Some(live), path),
        (None, Some(line)) => (Some(line.value.clone()), line.file.clone()),
        (None, None) => (None, String::new()),
    }
}

/// Whether `value` is one of `programs` or already ours.
fn is_known(value: &str, programs: &[&str]) -> bool {
    programs.contains(&value) || paths::LINKS.contains(&value)
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.value)?;
        match &self.before {
            Some(before) if *before != self.value => {
                write!(f, "  (was {})", before.as_bytes().escape_ascii())
            }
            _ => Ok(()),
        }
    }
}
