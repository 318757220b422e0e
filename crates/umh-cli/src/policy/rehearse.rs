// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy try`: the whole way of a call up to, but not including, the
//! start of its program. This process confines itself as the helper would and
//! has nothing else to do afterwards, so it needs no fork.

use std::os::fd::AsFd;

use umh_helper::policy::Verdict;
use umh_helper::sandbox::{Lacking, confine};
use umh_helper::sys::Root;
use umh_helper::trust::Program;

use crate::args;
use crate::failure::Failure;
use crate::policy::Loaded;
use crate::policy::explain::{Explained, explain_and};

/// Goes the way of the call that `args` describes.
pub fn rehearse(args: &args::Call, root: &Root, loaded: &Loaded<'_>) -> Result<Explained, Failure> {
    if !rustix::process::geteuid().is_root() {
        let remedy = "run it as root, or ask `umh policy explain`, which every user may";
        return Err(Failure::unable(
            "only root can confine itself as the helper does",
            remedy,
        ));
    }
    explain_and(args, root, loaded, |verdict, program| {
        enter(verdict, program, root)
    })
}

/// Applies the sandbox of the rule to this process, for good.
fn enter(verdict: &Verdict<'_>, program: &Program, root: &Root) -> Result<(), String> {
    let Some(rule) = &verdict.rule else {
        return Ok(());
    };
    let lacking = Lacking::of(rule);
    confine(rule, rule.caller, root, program.file.as_fd(), lacking)
        .map_err(|failed| format!("was not asked: the sandbox failed: {failed}"))?;
    if lacking.is_any() {
        return Err(format!(
            "was not asked: it lacks what the rule wants: {lacking}"
        ));
    }
    Ok(())
}
