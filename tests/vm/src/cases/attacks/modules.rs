// SPDX-License-Identifier: MIT OR Apache-2.0

//! Modules that the policy forbids (row 28).

use anyhow::{Result, ensure};

use super::attack;
use super::refusal::{Audit, Refusal, refusals};
use crate::cases::Case;
use crate::cases::modprobe::unload;
use crate::guest::{Machine, trigger};

refusals! {
    "28_a_denied_alias" => denied(&[|machine| filtered(machine, "deny = [\"net-pf-26\"]")]),
    "28_a_denied_module_behind_an_alias" => denied(&[|machine| filtered(machine, "deny = [\"llc2\"]")]),
    "28_a_denied_module_among_the_dependencies" => denied(&[|machine| filtered(machine, "deny = [\"llc\"]")]),
    "28_a_module_that_a_deny_all_default_does_not_list" => denied(&[|machine| {
        filtered(machine, "default = \"deny\"\nallow = [\"fs-minix\", \"minix\"]")
    }]),
}

pub(in crate::cases) const CASES: &[Case] = &[
    attack("attack_28_an_allowed_alias_still_loads", |machine| {
        minix_loads(machine, "deny = [\"llc*\", \"net-pf-9\"]")
    }),
    attack(
        "attack_28_a_deny_all_default_loads_what_is_listed",
        |machine| {
            minix_loads(
                machine,
                "default = \"deny\"\nallow = [\"fs-minix\", \"minix\"]",
            )
        },
    ),
];

/// AF_LLC, whose module is `llc2` and needs `llc`.
const LLC: u32 = 26;

const fn denied(calls: &'static [fn(&Machine) -> Result<()>]) -> Refusal {
    Refusal {
        calls,
        reason: "module",
        audit: Audit::LetsThrough,
        reached: || Ok(trigger::is_loaded("llc2")? || trigger::is_loaded("llc")?),
    }
}

/// The user's socket asks for the module under these lines of `[modules]`.
fn filtered(machine: &Machine, lines: &str) -> Result<()> {
    unload(&["llc2", "llc"])?;
    machine.policy(&format!("version = 1\n[modules]\n{lines}\n"))?;
    trigger::socket(LLC)
}

fn minix_loads(machine: &Machine, lines: &str) -> Result<()> {
    unload(&["minix"])?;
    machine.policy(&format!("version = 1\n[modules]\n{lines}\n"))?;
    trigger::mount("minix");
    ensure!(
        trigger::is_loaded("minix")?,
        "minix was not loaded: {:?}",
        machine.answers_so_far()?
    );
    unload(&["minix"])
}
