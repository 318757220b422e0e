// SPDX-License-Identifier: MIT OR Apache-2.0

//! The people's program: it is installed into the running machine, tells of
//! the kernel's calls what the kernel knows of them, and goes away.

#![expect(
    clippy::indexing_slicing,
    reason = "what a JSON value does not have is null, and no panic"
)]

mod explain;
mod installed;
mod tools;
mod truth;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Case;
use super::attacks::settings::MODPROBE;
use crate::guest::Machine;
use crate::guest::umh::{self, INSTALLED};
use crate::plan::{Kernel, Suite};

pub(super) const CASES: &[Case] = &[
    // First: it begins where there has never been an umh.
    on_stock(
        "umh_uninstall_restores_what_was_there",
        installed::and_uninstalled,
    ),
    on_umh_option(
        "umh_install_is_what_a_kernel_with_the_option_lacks",
        installed::under_the_option,
    ),
    on_both("umh_install_twice_is_umh_install_once", installed::twice),
    on_both(
        "umh_install_now_leads_a_crash_to_its_handler",
        installed::leads_a_crash,
    ),
    on_umh_option(
        "umh_uninstall_refuses_where_the_kernel_starts_nothing_else",
        installed::refuses_to_go,
    ),
    on_both(
        "umh_log_shows_an_unprivileged_autoload_and_its_answer",
        truth::log,
    ),
    on_both(
        "umh_log_denied_shows_an_attack_and_no_other_call",
        truth::log_denied,
    ),
    on_both("umh_status_is_true", truth::status),
    on_both(
        "umh_status_tells_a_user_what_a_user_may_read",
        truth::status_for_a_user,
    ),
    on_both(
        "umh_policy_explain_agrees_with_what_the_kernels_call_gets",
        explain::agrees_with_the_kernel,
    ),
    on_stock(
        "umh_modprobe_loads_what_a_module_needs_and_r_removes_it",
        tools::modprobe,
    ),
    on_stock(
        "umh_insmod_and_rmmod_say_what_the_kernel_says",
        tools::insmod_and_rmmod,
    ),
    on_stock("umh_lists_modules_as_kmod_does", tools::lists),
    on_stock("umh_modprobe_waits_as_long_as_it_is_told", tools::wait),
    on_stock("umh_modprobe_forces_when_it_is_told", tools::force),
    on_stock(
        "umh_modprobe_keeps_install_lines_and_forbid_lines",
        tools::configuration,
    ),
];

const fn on(
    name: &'static str,
    kernels: &'static [Kernel],
    run: fn(&Machine) -> Result<()>,
) -> Case {
    Case::new(name, Suite::Umh, kernels, run)
}

const fn on_both(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    on(name, Suite::Umh.kernels(), run)
}

const fn on_stock(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    on(name, &[Kernel::Stock612], run)
}

const fn on_umh_option(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    on(name, &[Kernel::Option612], run)
}

/// The settings that `umh install` points at umh, and what it makes of them.
const SETTINGS: [(&str, &str); 3] = [
    (MODPROBE, "/usr/lib/umh/modprobe"),
    ("/proc/sys/kernel/poweroff_cmd", "/usr/lib/umh/poweroff"),
    (
        super::coredump::PATTERN,
        "|/usr/lib/umh/core %P %u %g %s %t %c %h %d",
    ),
];

/// AF_LLC, whose module is `llc2`.
const LLC: u32 = 26;

/// umh is installed, and in force.
fn install() -> Result<Value> {
    let said = umh::install(&["--now", "--json"])?.ended(0)?.json()?;
    ensure!(said["done"] == true, "{said}");
    for (setting, value) in SETTINGS {
        ensure!(read(setting)? == value, "{setting} is {}", read(setting)?);
    }
    Ok(said)
}

/// A setting's value, without the end of its line.
fn read(setting: &str) -> Result<String> {
    let value = std::fs::read_to_string(setting).with_context(|| setting.to_owned())?;
    Ok(value.trim_end().to_owned())
}

/// umh is not there.
fn uninstall() -> Result<()> {
    if Path::new(INSTALLED).exists() {
        umh::umh(&["uninstall", "--now"])?.ended(0)?;
    }
    Ok(())
}

/// Everything that an installation could touch: by path, the mode with the
/// size of a file or the target of a link.
fn tree() -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut directories = vec!["/usr".into(), "/etc".into()];
    while let Some(directory) = directories.pop() {
        let directory: std::path::PathBuf = directory;
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            let status = path.symlink_metadata()?;
            let mode = status.permissions().mode();
            let what = match path.read_link() {
                Ok(target) => target.display().to_string(),
                Err(_) if status.is_file() => status.len().to_string(),
                Err(_) => String::new(),
            };
            if status.is_dir() {
                directories.push(path.clone());
            }
            found.insert(path.display().to_string(), format!("{mode:o} {what}"));
        }
    }
    Ok(found)
}
