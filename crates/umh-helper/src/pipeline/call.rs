// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answering a call that was let through, and the status that its caller gets.

use umh_abi::{Caller, Message};

use crate::answer::{Answer, Context, Failed};
use crate::audit::{End, Log};
use crate::delegate::{Delegate, Ending};
use crate::modules::Modules;
use crate::outcome::{self, Refusal};
use crate::policy::Rule;
use crate::sandbox::Lacking;
use crate::sys::Ended;
use crate::toml::Strings;
use crate::verdict::Decision;
use crate::{power, release_agent, request_key};

/// A call that is being answered.
pub(super) struct Call<'a> {
    pub(super) log: &'a Log<'a>,
    /// What is asked; in audit mode there may be nothing that umh knows.
    pub(super) message: Option<&'a Message<'a>>,
    pub(super) rule: Option<&'a Rule<'a>>,
    pub(super) decision: Decision,
    /// What module names lead to.
    pub(super) modules: &'a Modules<'a>,
    /// Whether the programs of `install` lines may run.
    pub(super) runs_installs: bool,
    /// The mounts that programs may lie on.
    pub(super) mounts: Strings<'a>,
}

/// The exit status, and what the record says.
pub(super) type Result = (u8, End);

impl Call<'_> {
    /// Nothing runs.
    pub(super) fn refuse(&self, refusal: Refusal) -> Result {
        let status = self.status(refusal);
        (status, End::Answered(status.into()))
    }

    /// umh answers.
    pub(super) fn answer(&self, context: &Context<'_>) -> Result {
        let answer: Answer = match self.message {
            Some(Message::Poweroff(_)) => Err(power::answer(power::Action::PowerOff, context)),
            Some(Message::Reboot(_)) => Err(power::answer(power::Action::Reboot, context)),
            Some(Message::ReleaseAgent(asked)) => release_agent::answer(asked, context),
            Some(Message::RequestKey(asked)) => request_key::answer(asked, context),
            Some(Message::Modprobe(asked)) => return self.load(asked, context),
            Some(
                Message::Coredump(_)
                | Message::Uevent(_)
                | Message::BridgeStp(_)
                | Message::Nfsdcltrack(_)
                | Message::NfsdRecallFailed(_)
                | Message::NfsCacheGetent(_)
                | Message::Ocfs2(_)
                | Message::Drbd(_)
                | Message::Tomoyo(_)
                | Message::Mce(_)
                | Message::Uvesafb(_)
                | Message::Pnpbios(_)
                | Message::Greybus(_)
                | Message::Windfarm(_)
                | Message::Linuxrc(_)
                | Message::BaycomEpp(_),
            )
            | None => return self.refuse(Refusal::Missing),
        };
        match answer {
            // A key was made negative: there is still no key.
            Ok(_) if self.caller() == Some(Caller::RequestKey) => self.refuse(Refusal::Missing),
            Ok(_) => (0, End::Answered(0)),
            Err(failed) => {
                self.log.complain(format_args!("{}: {failed}", self.name()));
                (self.status(Refusal::Failed), End::Failed(failed.errno))
            }
        }
    }

    /// A program answers, and is waited for.
    pub(super) fn supervise(&self, context: &Context<'_>, delegate: &mut Delegate<'_>) -> Result {
        self.tell_lacking(delegate.lacking);
        match delegate.supervise() {
            Ok(ending) => ended(self.caller(), ending),
            Err(failed) => self.fail(context, failed),
        }
    }

    /// Says what a program runs without, while that can be said.
    pub(super) fn tell_lacking(&self, lacking: Lacking) {
        if lacking.is_any() {
            let rule = self.rule.map_or("-", |rule| rule.name);
            self.log.complain(format_args!(
                "{rule}: runs without what is lacking here: {lacking}"
            ));
        }
    }

    /// A program could not be started. One that was to bring the machine down
    /// is no loss: umh does it, as the kernel would have (`kernel/reboot.c`
    /// forces when the execve(2) fails, whatever a started program does).
    pub(super) fn fail(&self, context: &Context<'_>, failed: Failed) -> Result {
        self.log.complain(format_args!("{}: {failed}", self.name()));
        if self.message.is_some_and(is_to_go_down) && self.decision == Decision::Allow {
            self.answer(context)
        } else {
            (self.status(Refusal::Failed), End::Failed(failed.errno))
        }
    }

    pub(super) fn status(&self, refusal: Refusal) -> u8 {
        outcome::status(self.caller(), refusal)
    }

    fn caller(&self) -> Option<Caller> {
        self.message.map(Message::caller)
    }

    fn name(&self) -> &'static str {
        self.caller().map_or("unknown", Caller::name)
    }
}

/// Whether the machine is to go down.
pub(super) const fn is_to_go_down(message: &Message<'_>) -> bool {
    matches!(message, Message::Poweroff(_) | Message::Reboot(_))
}

/// The status for `caller` of a program that was started: its own, as far as
/// there is one.
fn ended(caller: Option<Caller>, ending: Ending) -> Result {
    match ending {
        // The kernel gives a byte.
        Ending::Ended(Ended::Exited(status)) => {
            (u8::try_from(status).unwrap_or(u8::MAX), End::Exited(status))
        }
        Ending::Ended(Ended::Killed(signal)) => {
            (outcome::killed(caller, signal), End::Killed(signal))
        }
        Ending::TimedOut => (outcome::status(caller, Refusal::Failed), End::TimedOut),
        Ending::Lost(errno) => (outcome::status(caller, Refusal::Failed), End::Failed(errno)),
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_program_that_ran_has_the_last_word() {
        for caller in [Caller::Poweroff, Caller::Reboot, Caller::Modprobe] {
            let exited = |status| ended(Some(caller), Ending::Ended(Ended::Exited(status)));
            assert_eq!(exited(0), (0, End::Exited(0)));
            assert_eq!(exited(3), (3, End::Exited(3)));
        }
        let lost = ended(Some(Caller::Poweroff), Ending::Lost(Errno::CHILD));
        assert_eq!(lost, (126, End::Failed(Errno::CHILD)));
    }

    #[test]
    fn a_program_that_was_killed_is_told_as_a_shell_tells_it_but_to_drbd() {
        let killed = Ending::Ended(Ended::Killed(9));
        assert_eq!(ended(Some(Caller::Modprobe), killed), (137, End::Killed(9)));
        assert_eq!(ended(None, killed), (137, End::Killed(9)));
        assert_eq!(ended(Some(Caller::Drbd), killed), (0, End::Killed(9)));
        assert_eq!(
            ended(Some(Caller::Drbd), Ending::TimedOut),
            (0, End::TimedOut)
        );
    }
}
