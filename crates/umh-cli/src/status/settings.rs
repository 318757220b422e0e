// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel settings that name a helper, and whether they name umh.

use std::io;

use serde::Serialize;
use umh_abi::{Caller, Program};
use umh_helper::policy::Policy;

use crate::log::record::text;
use crate::paths;
use crate::tree::Tree;

/// One setting.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name: a sysctl, `module.parameter`, or the file of a cgroup
    /// hierarchy.
    pub name: String,
    /// The caller that it belongs to.
    pub caller: &'static str,
    /// Its value.
    pub value: String,
    /// Where the value leads.
    pub leads: Leads,
}

/// Where a setting leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Leads {
    /// To umh by its own path, on every kernel.
    Umh,
    /// To a program that a rule lists: through umh on kernels with the option.
    Rule,
    /// To a program that no rule lists.
    Elsewhere,
    /// Nowhere: the call is off, or writes a file, or a socket.
    Nowhere,
}

/// The settings that this kernel has and this user may read; what may not be
/// read goes to `unread`.
pub fn find(tree: &Tree, policy: &Policy<'_>, unread: &mut Vec<String>) -> Vec<Setting> {
    let mut found = Vec::new();
    for (caller, name, path) in places(tree) {
        match tree.line(&path) {
            Ok(value) => found.push(Setting {
                name,
                caller: caller.name(),
                value: text(&value),
                leads: leads(caller, &value, policy),
            }),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                unread.push(format!("{name}: {path} is readable for root only"));
            }
            // The kernel has no such setting.
            Err(_) => {}
        }
    }
    found
}

/// Every setting with its caller, name and file.
fn places(tree: &Tree) -> Vec<(Caller, String, String)> {
    let mut places = Vec::new();
    for &caller in Caller::ALL {
        if let Program::Setting { name, .. } = caller.contract().program
            && let Some(path) = file(name)
        {
            places.push((caller, name.to_owned(), path));
        }
    }
    let mounts = tree.read("/proc/self/mountinfo").unwrap_or_default();
    places.extend(hierarchies(&String::from_utf8_lossy(&mounts)).map(|mount| {
        let path = format!("{mount}/release_agent");
        (Caller::ReleaseAgent, path.clone(), path)
    }));
    places
}

/// Where hierarchies of cgroup v1 are mounted (proc_pid_mountinfo(5)). A
/// mount point with a blank in its name, which is escaped, is left out.
fn hierarchies(mountinfo: &str) -> impl Iterator<Item = &str> {
    mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mount = before.split(' ').nth(4)?;
        (after.starts_with("cgroup ") && !mount.contains('\\')).then_some(mount)
    })
}

/// The file that holds a setting: a sysctl's, a module parameter's, the first
/// processor's.
fn file(name: &str) -> Option<String> {
    if let Some(attribute) = name.strip_prefix("machinecheck0/") {
        return Some(format!(
            "/sys/devices/system/machinecheck/machinecheck0/{attribute}"
        ));
    }
    let (first, rest) = name.split_once('.')?;
    Some(match first {
        "kernel" | "fs" => paths::sysctl(name),
        module => format!("/sys/module/{module}/parameters/{rest}"),
    })
}

fn leads(caller: Caller, value: &[u8], policy: &Policy<'_>) -> Leads {
    let command = match caller {
        Caller::Coredump => value.strip_prefix(b"|").unwrap_or_default(),
        _ => value,
    };
    let program = command
        .split(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    let listed = || {
        policy
            .rules()
            .any(|rule| rule.enabled && rule.caller == caller && rule.lists(program))
    };
    if program.is_empty() {
        Leads::Nowhere
    } else if paths::LINKS.iter().any(|link| link.as_bytes() == program)
        || program == paths::HELPER.as_bytes()
    {
        Leads::Umh
    } else if listed() {
        Leads::Rule
    } else {
        Leads::Elsewhere
    }
}
