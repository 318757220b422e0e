// SPDX-License-Identifier: MIT OR Apache-2.0

//! The processor reported an error.

use anyhow::{Result, ensure};
use umh_abi::{Message, Wait, mce::Mce};

use super::external::{HELPER, needs_module};
use super::{Case, on_all};
use crate::guest::{Machine, module};

pub(super) const CASES: &[Case] = &[
    on_all(
        "an_mce_trigger_is_denied_as_long_as_no_file_allows_it",
        denied,
    ),
    on_all("an_mce_trigger_that_a_file_allows_runs", allowed),
];

const TRIGGER: &str = "/usr/sbin/mce-trigger";

fn call() -> Result<()> {
    needs_module()?;
    let message = Message::Mce(Mce {
        program: TRIGGER.as_bytes(),
    });
    // What `call_as` would pass, with our path in the option's place.
    ensure!(
        module::call(HELPER, &[message.program()], &[], Wait::No)? == 0,
        "the call was refused"
    );
    Ok(())
}

fn denied(machine: &Machine) -> Result<()> {
    machine.probe(TRIGGER)?;
    call()?;
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "mce" && answer.decision == "deny" && answer.reason == "path",
        "{answer:?}"
    );
    machine.nothing_started()
}

fn allowed(machine: &Machine) -> Result<()> {
    machine.probe(TRIGGER)?;
    machine.policy(&format!(
        "version = 1\n[helper.mce-site]\ncaller = \"mce\"\nwiden = true\npaths = [\"{TRIGGER}\"]\nargs = []\n"
    ))?;
    call()?;
    machine.started(TRIGGER)?;
    let answer = machine.answer()?;
    ensure!(
        answer.decision == "allow" && answer.rule == "mce-site",
        "{answer:?}"
    );
    Ok(())
}
