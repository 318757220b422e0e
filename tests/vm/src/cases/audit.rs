// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh.mode=audit` on the kernel's command line (row 37): what enforcing
//! would deny runs and is logged, but for what audit mode never relaxes.
//!
//! The attacks that are calls have their cases of this mode in their own
//! table (`attacks/refusal.rs`).

use anyhow::Result;

use super::attacks::{execution, policy_files, words};
use super::{Case, stress};
use crate::guest::Machine;
use crate::plan::{Kernel, Suite};

/// The attacks that no mode makes a difference to.
pub(super) const UNCHANGED: &[&[Case]] = &[
    words::CASES,
    execution::CASES,
    policy_files::FAULTS,
    stress::IN_ANY_MODE,
];

/// A case of this mode.
pub(super) const fn audit(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Audit, &[Kernel::Option612], run)
}
