// SPDX-License-Identifier: MIT OR Apache-2.0

//! Takes away what a program does not need, in the process that becomes it.
//!
//! The order matters: Landlock and seccomp ask for `CAP_SYS_ADMIN`, because
//! no_new_privs is off by default (it would keep SELinux from changing the
//! domain); so capabilities go last. A uid 0 program gets at execve(2) exactly
//! what the bounding set has left. What the kernel lacks is left out with a
//! notice; what it has and refuses is an error, and the program is not run.
//! So the kernel is asked first, while the notice can still be written.

mod capabilities;
mod landlock;
mod seccomp;

use core::fmt;

use rustix::fd::BorrowedFd;
use rustix::fs::{Mode, OFlags};
use umh_abi::Caller;

use crate::answer::Failed;
use crate::policy::rule::{Rule, Seccomp};
use crate::sys::Root;

/// The control group that helpers are put in, if there is one: without it
/// they are in the root group, whoever made the kernel call them.
const CGROUP: &[u8] = b"/sys/fs/cgroup/umh.slice/cgroup.procs";

/// What a rule asks for and this kernel does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Landlock.
    pub landlock: bool,
    /// Filters of system calls.
    pub seccomp: bool,
    /// `CAP_SETPCAP`, without which the bounding set stays as it is: where
    /// `kernel.usermodehelper.bset` takes it from all that the kernel starts.
    pub setpcap: bool,
}

impl Lacking {
    /// What `rule` asks for in vain.
    pub fn of(rule: &Rule<'_>) -> Self {
        Self {
            landlock: rule.landlock.is_some() && !landlock::is_there(),
            seccomp: rule.seccomp == Seccomp::Default && !seccomp::is_there(),
            setpcap: rule.caps.is_some_and(|kept| !capabilities::can_keep(kept)),
        }
    }

    /// Whether there is anything.
    pub const fn is_any(self) -> bool {
        self.landlock || self.seccomp || self.setpcap
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.landlock, "landlock"),
            (self.seccomp, "seccomp"),
            (self.setpcap, "cap_setpcap, to take others away"),
        ];
        let mut between = "";
        for (_, name) in all.iter().filter(|(lacks, _)| *lacks) {
            write!(f, "{between}{name}")?;
            between = ", ";
        }
        Ok(())
    }
}

/// Confines this process, which is about to become `program`, as `rule` says,
/// but for what is lacking.
pub fn confine(
    rule: &Rule<'_>,
    caller: Caller,
    root: &Root,
    program: BorrowedFd<'_>,
    lacking: Lacking,
) -> Result<(), Failed> {
    all_but_capabilities(rule, caller, root, Some(program), lacking)?;
    if let Some(kept) = rule.caps {
        capabilities::keep(kept, lacking.setpcap).map_err(Failed::at("capabilities"))?;
    }
    Ok(())
}

/// Confines this process, which answers by itself, likewise; `runs_programs`
/// if some are started on the way, which must not get back what it gave up.
pub fn confine_self(
    rule: &Rule<'_>,
    caller: Caller,
    root: &Root,
    runs_programs: bool,
    lacking: Lacking,
) -> Result<(), Failed> {
    all_but_capabilities(rule, caller, root, None, lacking)?;
    match rule.caps {
        Some(kept) if runs_programs => capabilities::keep(kept, lacking.setpcap),
        // Without a program to become, the bounding set gives nothing back.
        Some(kept) => capabilities::keep_own(kept),
        None => Ok(()),
    }
    .map_err(Failed::at("capabilities"))
}

/// What `program`, which is run next, or this process is kept from.
fn all_but_capabilities(
    rule: &Rule<'_>,
    caller: Caller,
    root: &Root,
    program: Option<BorrowedFd<'_>>,
    lacking: Lacking,
) -> Result<(), Failed> {
    join_cgroup(root);
    if rule.no_new_privs {
        rustix::thread::set_no_new_privs(true).map_err(Failed::at("no_new_privs"))?;
    }
    if let Some(trees) = rule.landlock.as_ref().filter(|_| !lacking.landlock) {
        landlock::restrict(trees, root, program).map_err(Failed::at("landlock"))?;
    }
    if rule.seccomp == Seccomp::Default && !lacking.seccomp {
        seccomp::refuse(caller).map_err(Failed::at("seccomp"))?;
    }
    Ok(())
}

/// Without effect where there is no such group: making one, with its limits,
/// is the init system's work.
fn join_cgroup(root: &Root) {
    if let Ok(group) = root.open(CGROUP, OFlags::WRONLY | OFlags::NOCTTY, Mode::empty()) {
        // "0" is the writer.
        let _ = rustix::io::write(&group, b"0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_by_name() {
        let all = Lacking {
            landlock: true,
            seccomp: true,
            setpcap: true,
        };
        assert_eq!(
            all.to_string(),
            "landlock, seccomp, cap_setpcap, to take others away"
        );
        let one = Lacking {
            seccomp: true,
            ..Lacking::default()
        };
        assert_eq!(one.to_string(), "seccomp");
        assert!(one.is_any() && !Lacking::default().is_any());
    }

    #[test]
    fn nothing_is_lacking_of_what_no_rule_asks_for() {
        let rule = Rule::new("x", Caller::Mce);
        assert_eq!(Lacking::of(&rule), Lacking::default());
    }
}
