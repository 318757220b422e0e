// SPDX-License-Identifier: MIT OR Apache-2.0

//! The attack table of SECURITY.md: `attack_NN_...` is its row NN.
//!
//! Rows about one call alone are in that call's file (11, 22, 23, 24, 26),
//! the one about an empty machine in [`super::bare`] (16), floods and crowds
//! in [`super::stress`] (27, 32, 34), every module of a distribution in
//! [`super::every_module`] (40). Audit mode (37) has the same attacks: those
//! that are calls to be refused by their table ([`refusal`]), the others as
//! they are ([`super::audit`]).

pub(super) mod execution;
pub(super) mod files;
pub(super) mod modules;
pub(super) mod policy_files;
mod refusal;
pub(super) mod settings;
pub(super) mod words;

use anyhow::{Result, ensure};

use super::Case;
use crate::guest::{Machine, answers::Answer};
use crate::plan::{Kernel, Suite};

/// An attack, on the kernel that has the option.
const fn attack(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Attacks, &[Kernel::Option612], run)
}

/// The only call of the case was refused for `reason`: nothing ran, and one
/// warning says so.
fn refused(machine: &Machine, reason: &str) -> Result<Answer> {
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "deny" && answer.reason == reason,
        "{answer:?}"
    );
    machine.nothing_started()?;
    let lines = machine.lines()?;
    let why = format!(" why={reason} ");
    let told = lines.iter().any(|line| {
        line.text.starts_with("umh: deny ") && format!("{} ", line.text).contains(&why)
    });
    ensure!(told, "no line says {why}: {lines:?}");
    Ok(answer)
}
