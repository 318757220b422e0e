// SPDX-License-Identifier: MIT OR Apache-2.0

//! README's example: the policy that it shows makes the line that it shows.

use anyhow::{Context as _, Result, ensure};

use super::attacks::settings::MODPROBE;
use super::{Case, on_option};
use crate::guest::{Machine, module};

pub(super) const CASES: &[Case] = &[on_option("the_readmes_policy_makes_the_readmes_line", line)];

const README: &str = include_str!("../../../../README.md");

/// What `bind(AF_ALG)` of a hash makes the kernel ask for.
const MODULE: &str = "algif-hash";

fn line(machine: &Machine) -> Result<()> {
    let policy = block("toml").context("README has no policy")?;
    let lines = README.lines();
    let expected: Vec<_> = lines.filter(|line| line.starts_with("umh: ")).collect();
    machine.policy(policy)?;
    machine.set(MODPROBE, "/sbin/modprobe")?;
    module::request_module(MODULE, true)?;
    let logged: Vec<_> = machine.lines()?.into_iter().map(|line| line.text).collect();
    ensure!(logged == expected, "the log has {logged:?}");
    Ok(())
}

/// The first block of code in that language.
fn block(language: &str) -> Option<&'static str> {
    let (_, from) = README.split_once(&format!("```{language}\n"))?;
    Some(from.split_once("```")?.0)
}
