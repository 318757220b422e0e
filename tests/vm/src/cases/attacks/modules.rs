// SPDX-License-Identifier: MIT OR Apache-2.0

//! Modules that the policy forbids (row 28).

use anyhow::{Result, ensure};

use super::{attack, refused};
use crate::cases::Case;
use crate::cases::modprobe::unload;
use crate::guest::{Machine, trigger};

pub(in crate::cases) const CASES: &[Case] = &[
    attack("attack_28_a_denied_alias_loads_nothing", alias),
    attack(
        "attack_28_a_denied_module_behind_an_alias_loads_nothing",
        resolved,
    ),
    attack(
        "attack_28_a_denied_module_among_the_dependencies_loads_nothing",
        dependency,
    ),
    attack("attack_28_an_allowed_alias_still_loads", allowed),
    attack(
        "attack_28_a_deny_all_default_loads_only_what_is_listed",
        default_deny,
    ),
];

/// AF_LLC, whose module is `llc2` and needs `llc`.
const LLC: u32 = 26;

fn denies(machine: &Machine, list: &str) -> Result<()> {
    unload(&["llc2", "llc"])?;
    machine.policy(&format!("version = 1\n[modules]\ndeny = [{list}]\n"))?;
    trigger::socket(LLC)?;
    let answer = refused(machine, "module")?;
    ensure!(answer.end == "answered 1", "{answer:?}");
    ensure!(
        !trigger::is_loaded("llc2")? && !trigger::is_loaded("llc")?,
        "the module was loaded"
    );
    Ok(())
}

fn alias(machine: &Machine) -> Result<()> {
    denies(machine, "\"net-pf-26\"")
}

fn resolved(machine: &Machine) -> Result<()> {
    denies(machine, "\"llc2\"")
}

fn dependency(machine: &Machine) -> Result<()> {
    denies(machine, "\"llc\"")
}

fn allowed(machine: &Machine) -> Result<()> {
    unload(&["minix"])?;
    machine.policy("version = 1\n[modules]\ndeny = [\"llc*\", \"net-pf-9\"]\n")?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "minix was not loaded: {:?}",
        machine.answers_so_far()?
    );
    unload(&["minix"])
}

fn default_deny(machine: &Machine) -> Result<()> {
    unload(&["minix", "llc2", "llc"])?;
    machine.policy(
        "version = 1\n[modules]\ndefault = \"deny\"\nallow = [\"fs-minix\", \"minix\"]\n",
    )?;
    trigger::socket(LLC)?;
    refused(machine, "module")?;
    machine.begin()?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "minix was not loaded: {:?}",
        machine.answers_so_far()?
    );
    unload(&["minix"])
}
