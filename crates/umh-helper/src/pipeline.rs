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

use umh_abi::{Message, Unrecognised};

use crate::answer::Failed;
use crate::audit::{End, Entry, Log};
use crate::delegate::Delegate;
use crate::modules::Modules;
use crate::outcome::Refusal;
use crate::policy::{Complaint, FILES_ROOM, Policy};
use crate::sys::{Root, Stack, map_anonymous};
use crate::verdict::Reason;
use crate::{introduction, invocation};
pub use found::is_answered_without;

use call::Call;
use found::{Found, Search, Walked};

/// The exit status of a call that is refused before its caller is known.
pub const REFUSED: u8 = 126;

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
    let room = || map_anonymous(FILES_ROOM).ok();
    let policy = Policy::load(root, room, complain);
    let modules = &Modules::running(root, heap);
    let verdict = match &parsed {
        Ok(message) => policy.judge(modules, message, &invocation, complain),
        Err(why) => policy.judge_unrecognised(*why, &invocation),
    };

    let message = parsed.as_ref().ok();
    let mut walked = Walked::default();
    let search = Search {
        root,
        owner: 0,
        mounts: policy.mounts,
        own: stack.program,
    };
    let found = search.find(&verdict, message, &mut walked);
    let record = log.begin(&Entry {
        caller: message.map(Message::caller),
        argv: invocation.argv,
        rule: verdict.rule_name(),
        decision: found.decision(&verdict),
        reason: found.reason(&verdict),
        detail: walked.fault().unwrap_or(verdict.detail),
        target: found.target(&walked),
        log: policy.log,
    });

    let rule = verdict.rule.as_ref();
    let call = Call {
        log,
        message,
        rule,
        decision: verdict.decision,
        modules,
        runs_installs: policy.runs_installs(),
        mounts: policy.mounts,
    };
    let (status, end) = match found {
        Found::Nothing(Reason::Missing) => call.refuse(Refusal::Missing),
        Found::Nothing(_) => call.refuse(Refusal::Denied),
        Found::BuiltIn(context, _) => call.answer(&context),
        Found::Program(context, name, program) => {
            match Delegate::new(
                root,
                program,
                walked.path(),
                name,
                &invocation,
                message,
                rule,
            ) {
                Err(errno) => call.fail(
                    &context,
                    Failed {
                        step: "arguments",
                        errno,
                    },
                ),
                Ok(mut delegate) if rule.is_none_or(|rule| rule.supervise) => {
                    call.supervise(&context, &mut delegate)
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
