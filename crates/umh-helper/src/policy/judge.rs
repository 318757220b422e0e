// SPDX-License-Identifier: MIT OR Apache-2.0

//! One call against the rules, cheapest check first.

use umh_abi::{Caller, Invocation, Message, Unrecognised};

use super::rule::{Rule, Run, Target};
use super::{Complaint, Mode, Policy, args, filter, path};
use crate::modules::Modules;
use crate::verdict::{Decision, Reason};

/// What is decided about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'v> {
    /// What happens to it.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The rule that decided; with [`Decision::Audit`] there may be none.
    pub rule: Option<Rule<'v>>,
    /// What answers, unless the decision is [`Decision::Deny`].
    pub target: Target<'v>,
    /// What `reason` is about: the word that does not fit, the filter's
    /// pattern; empty when there is nothing to add.
    pub detail: &'v [u8],
}

/// One check on the way to a verdict, for `umh policy explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'v> {
    /// The reason that a failure gives.
    pub about: Reason,
    /// The rule whose check it is; `None` for those before and after all.
    pub rule: Option<&'v str>,
    /// Whether the call passed.
    pub passed: bool,
    /// What failed, as [`Verdict::detail`].
    pub detail: &'v [u8],
}

impl Verdict<'_> {
    /// The rule's name for logs: `-` if none decided.
    pub const fn rule_name(&self) -> &str {
        match &self.rule {
            Some(rule) => rule.name,
            None => "-",
        }
    }
}

impl<'a> Policy<'a> {
    /// Decides about a call. What it cannot find out about goes to `complain`.
    pub fn judge<'v>(
        &'v self,
        modules: &Modules<'_>,
        message: &Message<'v>,
        invocation: &Invocation<'v>,
        complain: &mut dyn FnMut(&Complaint<'_>),
    ) -> Verdict<'v> {
        self.judge_with(modules, message, invocation, complain, &mut |_| {})
    }

    /// Decides about a call, and tells each check to `note`, in order.
    pub fn judge_with<'v>(
        &'v self,
        modules: &Modules<'_>,
        message: &Message<'v>,
        invocation: &Invocation<'v>,
        complain: &mut dyn FnMut(&Complaint<'_>),
        note: &mut dyn FnMut(&Check<'v>),
    ) -> Verdict<'v> {
        let program = program(message);
        let named = is_named(program, invocation);
        note(&Check {
            about: Reason::Name,
            rule: None,
            passed: named,
            detail: b"",
        });
        if !named {
            return deny(Reason::Name, program);
        }

        // The refusal that came furthest is the one to report.
        let mut refused: Option<(Reason, Option<Rule<'v>>, &'v [u8])> = None;
        let mut chosen = None;
        for rule in self.rules_listing(program) {
            let mut check = |about, passed, detail| {
                note(&Check {
                    about,
                    rule: Some(rule.name),
                    passed,
                    detail,
                });
                passed
            };
            if !check(Reason::Caller, rule.caller == message.caller(), b"") {
                refused = refused.or(Some((Reason::Caller, None, b"")));
                continue;
            }
            if !check(Reason::Disabled, rule.enabled, b"") {
                if !matches!(refused, Some((Reason::Args, ..))) {
                    refused = Some((Reason::Disabled, Some(rule), b""));
                }
                continue;
            }
            let misfit = args::misfit(rule.args, rule.caller, invocation.argv.iter().skip(1));
            if check(Reason::Args, misfit.is_none(), misfit.unwrap_or(b"")) {
                chosen = Some(rule);
                break;
            }
            refused = Some((Reason::Args, Some(rule), misfit.unwrap_or(b"")));
        }
        let Some(rule) = chosen else {
            let (reason, rule, detail) = refused.unwrap_or((Reason::Path, None, b""));
            if reason == Reason::Path {
                note(&Check {
                    about: Reason::Path,
                    rule: None,
                    passed: false,
                    detail,
                });
            }
            return self.refuse(reason, rule, program, detail);
        };

        if let Message::Modprobe(asked) = message {
            let refusal = if self.unread {
                Some(&b"policy files not read"[..])
            } else {
                let by_us = rule.run == Run::Builtin;
                filter::refusal(self.filters(), modules, asked.name, by_us, complain)
            };
            let detail = refusal.unwrap_or(b"");
            note(&Check {
                about: Reason::Module,
                rule: None,
                passed: refusal.is_none(),
                detail,
            });
            if let Some(detail) = refusal {
                return self.refuse(Reason::Module, Some(rule), program, detail);
            }
        }
        let target = target(&rule, program);
        Verdict {
            decision: Decision::Allow,
            reason: Reason::Rule,
            rule: Some(rule),
            target,
            detail: b"",
        }
    }

    /// Decides about an invocation that is no call of a caller that umh
    /// knows: refused, or in audit mode let through to the program it names.
    pub fn judge_unrecognised<'v>(
        &'v self,
        why: Unrecognised,
        invocation: &Invocation<'v>,
    ) -> Verdict<'v> {
        let program = invocation.argv.get(0).unwrap_or(b"");
        match why {
            Unrecognised::NoSuchCall if is_named(program, invocation) => {
                self.refuse(Reason::Caller, None, program, b"")
            }
            Unrecognised::NoSuchCall | Unrecognised::NoProgram => deny(Reason::Name, program),
            // A person at a prompt is no matter of policy, in any mode.
            Unrecognised::NotTheKernel => deny(Reason::Caller, program),
        }
    }

    /// Refuses the call, unless audit mode lets it through. Never for a
    /// program under `/proc`, which is any file that a process has open.
    fn refuse<'v>(
        &self,
        reason: Reason,
        rule: Option<Rule<'v>>,
        program: &'v [u8],
        detail: &'v [u8],
    ) -> Verdict<'v> {
        let audit = self.mode == Mode::Audit || rule.is_some_and(|rule| rule.audit);
        let decision = if audit && !path::is_under_proc(program) {
            Decision::Audit
        } else {
            Decision::Deny
        };
        let target = match &rule {
            Some(rule) => target(rule, program),
            None => Target::Program(program),
        };
        Verdict {
            decision,
            reason,
            rule,
            target,
            detail,
        }
    }
}

/// Refuses the call in every mode.
const fn deny(reason: Reason, program: &[u8]) -> Verdict<'_> {
    Verdict {
        decision: Decision::Deny,
        reason,
        rule: None,
        target: Target::Program(program),
        detail: b"",
    }
}

/// The program that the kernel meant. It runs `/linuxrc` with the relative
/// argv\[0\] `linuxrc` (`init/do_mounts_initrd.c:handle_initrd`, 6.12).
fn program<'v>(message: &Message<'v>) -> &'v [u8] {
    match (message.caller(), message.program()) {
        (Caller::Linuxrc, b"linuxrc") => b"/linuxrc",
        (_, program) => program,
    }
}

fn is_named(program: &[u8], invocation: &Invocation<'_>) -> bool {
    path::is_plain(program) && invocation.argv.block().len() <= path::ARGV_MAX
}

const fn target<'v>(rule: &Rule<'v>, program: &'v [u8]) -> Target<'v> {
    match rule.run {
        Run::Requested => Target::Program(program),
        Run::Builtin => Target::Builtin,
        Run::Program(program) => Target::Program(program.as_bytes()),
    }
}
