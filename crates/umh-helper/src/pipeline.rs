// SPDX-License-Identifier: MIT OR Apache-2.0

//! One call from arrival to exit: the only place that knows all stages.
//!
//! Each stage makes a new value, and none is changed later: what arrived,
//! which call it is, what is decided, what answers, how that ended. The record
//! is opened before anything is done and closed after.

mod call;
mod found;
mod load;

use core::mem::ManuallyDrop;

use umh_abi::{Invocation, Message, Unrecognised};

use crate::answer::Failed;
use crate::audit::{End, Entry, Log};
use crate::delegate::Delegate;
use crate::modules::Modules;
use crate::outcome::Refusal;
use crate::policy::{self, CommandLine, Complaint, FILES_ROOM, Policy, Sources, Verdict};
use crate::sys::{Root, Stack, map_anonymous};
use crate::verdict::{Decision, Reason};
use crate::{introduction, invocation};
pub use found::is_answered_without;

use call::Call;
use found::{Found, Search, Walked};

/// The exit status of a call that is refused before its caller is known.
pub const REFUSED: u8 = 126;

/// A call of the kernel, and where its way is written down.
struct Arrived<'a> {
    root: &'a Root,
    stack: &'a Stack<'a>,
    invocation: Invocation<'a>,
    parsed: Result<Message<'a>, Unrecognised>,
    log: &'a Log<'a>,
    modules: Modules<'a>,
}

/// Answers the call that `stack` brings and gives the exit status. `heap` makes
/// memory ready for the answers that take some.
pub fn run(stack: &Stack<'_>, heap: fn() -> rustix::io::Result<()>) -> u8 {
    let root = &Root::System;
    let Some(invocation) = invocation::take(stack, root) else {
        return REFUSED;
    };
    let parsed = Message::parse(&invocation);
    if parsed == Err(Unrecognised::NotTheKernel) {
        return introduction::introduce(&invocation);
    }

    // Not dropped: what is open closes with the process, for nothing.
    let log = &*ManuallyDrop::new(Log::open(root));
    let complain = &mut |complaint: &Complaint<'_>| log.complain(format_args!("{complaint}"));
    let sources = Sources::find(root, 0, asked_at_boot(root, log), complain);
    let arrived = Arrived {
        root,
        stack,
        invocation,
        parsed,
        log,
        modules: Modules::running(root, heap),
    };
    if sources.are_none() {
        arrived.judge(&policy::BUILTIN)
    } else {
        arrived.judge_by_files(sources, complain)
    }
}

/// What the kernel's command line asks for. That it asks for nothing is read
/// once a boot.
fn asked_at_boot(root: &Root, log: &Log<'_>) -> CommandLine {
    if log.is_plain_boot() {
        return CommandLine::default();
    }
    let asked = CommandLine::read(root);
    if asked == Some(CommandLine::default()) {
        log.remember_plain_boot();
    }
    asked.unwrap_or_default()
}

// A page of the stack that is not touched is a page fault less. Refusing
// touches one: whatever takes much room has a function, and so a frame, of its
// own that is not made part of its caller's.
impl Arrived<'_> {
    /// Decides by what is compiled in and by files.
    #[cold]
    fn judge_by_files(&self, sources: Sources, complain: &mut dyn FnMut(&Complaint<'_>)) -> u8 {
        let room = || map_anonymous(FILES_ROOM).ok();
        self.judge(&sources.read(room, complain))
    }

    #[inline(never)]
    fn judge(&self, policy: &Policy<'_>) -> u8 {
        let complain =
            &mut |complaint: &Complaint<'_>| self.log.complain(format_args!("{complaint}"));
        let verdict = match &self.parsed {
            Ok(message) => policy.judge(&self.modules, message, &self.invocation, complain),
            Err(why) => policy.judge_unrecognised(*why, &self.invocation),
        };
        match verdict.decision {
            Decision::Deny => self.refuse(policy, &verdict),
            Decision::Allow | Decision::Audit => self.answer(policy, &verdict),
        }
    }

    fn refuse(&self, policy: &Policy<'_>, verdict: &Verdict<'_>) -> u8 {
        let record = self.log.begin(&self.entry(policy, verdict));
        let (status, end) = self.call(policy, verdict).refuse(Refusal::Denied);
        record.close(end);
        status
    }

    #[inline(never)]
    fn answer(&self, policy: &Policy<'_>, verdict: &Verdict<'_>) -> u8 {
        let message = self.parsed.as_ref().ok();
        let mut walked = Walked::default();
        let search = Search {
            root: self.root,
            owner: 0,
            mounts: policy.mounts,
            own: self.stack.program,
        };
        let found = search.find(verdict, message, &mut walked);
        let record = self.log.begin(&Entry {
            decision: found.decision(verdict),
            reason: found.reason(verdict),
            detail: walked.fault().unwrap_or(verdict.detail),
            target: found.target(&walked),
            ..self.entry(policy, verdict)
        });

        let call = self.call(policy, verdict);
        let (status, end) = match found {
            Found::Nothing(Reason::Missing) => call.refuse(Refusal::Missing),
            Found::Nothing(_) => call.refuse(Refusal::Denied),
            Found::BuiltIn(context, _) => call.answer(&context),
            Found::Program(context, name, program) => {
                match Delegate::new(
                    self.root,
                    program,
                    walked.path(),
                    name,
                    &self.invocation,
                    message,
                    call.rule,
                ) {
                    Err(errno) => call.fail(
                        &context,
                        Failed {
                            step: "arguments",
                            errno,
                        },
                    ),
                    // Nor is this: see the log.
                    Ok(delegate) if call.rule.is_none_or(|rule| rule.supervise) => {
                        call.supervise(&context, &mut ManuallyDrop::new(delegate))
                    }
                    Ok(mut delegate) => {
                        call.tell_lacking(delegate.lacking);
                        record.close(End::HandedOver);
                        let failed = delegate.become_program();
                        // Still here: this process did not become the program.
                        return call.fail(&context, failed).0;
                    }
                }
            }
        };
        record.close(end);
        status
    }

    /// What the record says, of a call for which nothing runs.
    fn entry<'e>(&'e self, policy: &Policy<'_>, verdict: &'e Verdict<'_>) -> Entry<'e> {
        Entry {
            caller: self.parsed.as_ref().ok().map(Message::caller),
            argv: self.invocation.argv,
            rule: verdict.rule_name(),
            decision: verdict.decision,
            reason: verdict.reason,
            detail: verdict.detail,
            target: b"",
            log: policy.log,
        }
    }

    fn call<'c>(&'c self, policy: &Policy<'c>, verdict: &'c Verdict<'_>) -> Call<'c> {
        Call {
            log: self.log,
            message: self.parsed.as_ref().ok(),
            rule: verdict.rule.as_ref(),
            decision: verdict.decision,
            modules: &self.modules,
            runs_installs: policy.runs_installs(),
            mounts: policy.mounts,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::audit::Demands;
    use crate::policy::Mode;

    #[test]
    fn that_the_command_line_asks_for_nothing_is_read_once_a_boot() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::At(fs::File::open(directory.path()).unwrap().into());
        for name in ["proc", "run"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let demands = Demands {
            owner: rustix::process::getuid().as_raw(),
            in_memory: false,
        };
        let asked_when = |line: Option<&str>| {
            let file = directory.path().join("proc/cmdline");
            match line {
                Some(line) => fs::write(file, line).unwrap(),
                None => drop(fs::remove_file(file)),
            }
            // Each process opens the ring anew.
            asked_at_boot(&root, &Log::open_as(&root, demands)).mode
        };
        // Without /proc, and while it asks for something, it is read again.
        assert_eq!(asked_when(None), None);
        assert_eq!(asked_when(Some("quiet umh.mode=audit")), Some(Mode::Audit));
        assert_eq!(asked_when(Some("quiet")), None);
        assert_eq!(asked_when(Some("quiet umh.mode=audit")), None);
    }
}
