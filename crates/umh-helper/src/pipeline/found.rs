// SPDX-License-Identifier: MIT OR Apache-2.0

//! What answers a call that was judged: the policy names a program, the trust
//! walk says whether it is to be run.

use core::ffi::CStr;
use core::time::Duration;

use umh_abi::Message;

use super::call::is_to_go_down;
use crate::answer::Context;
use crate::policy::{Target, Verdict};
use crate::power;
use crate::sys::{PathBuffer, Root};
use crate::toml::Strings;
use crate::trust::{Fault, FileId, Program, Trust};
use crate::verdict::{Decision, Reason};

/// What answers.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// Nothing: the call is refused.
    Nothing(Reason),
    /// umh itself, by the rule or because there is no program.
    BuiltIn(Context<'a>, Reason),
    /// A program by the name that it is called, after its walk.
    Program(Context<'a>, &'a [u8], Program),
}

/// What the trust walk came to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The program's path without links, or what is at fault.
    path: PathBuffer,
    /// What is wrong, with the path; empty if nothing is.
    fault: PathBuffer,
}

impl Walked {
    pub(super) const fn path(&self) -> &PathBuffer {
        &self.path
    }

    /// What a person reads, if a fault was found.
    pub(super) fn fault(&self) -> Option<&[u8]> {
        (!self.fault.is_empty()).then(|| self.fault.as_bytes())
    }
}

/// Where programs are looked for, and what is asked of them.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) root: &'a Root,
    /// Who must own them: 0, but for tests.
    pub(super) owner: u32,
    /// The mounts that they may lie on.
    pub(super) mounts: Strings<'a>,
    /// The path by which the kernel started us.
    pub(super) own: Option<&'a CStr>,
}

impl<'a> Search<'a> {
    /// Finds what answers a call that was judged.
    pub(super) fn find(
        &self,
        verdict: &Verdict<'a>,
        message: Option<&Message<'_>>,
        walked: &mut Walked,
    ) -> Found<'a> {
        let Some(permit) = verdict.decision.permit() else {
            return Found::Nothing(verdict.reason);
        };
        let rule = verdict.rule.as_ref();
        let seconds = rule.and_then(|rule| rule.timeout);
        let limit = seconds.map_or(power::LIMIT, |seconds| Duration::from_secs(seconds.into()));
        let context = Context::new(permit, self.root, limit);
        let name = match verdict.target {
            // Audit mode runs what was asked for; it forces no machine down
            // that the rules would have left up.
            Target::Builtin
                if verdict.decision == Decision::Audit && message.is_some_and(is_to_go_down) =>
            {
                return Found::Nothing(verdict.reason);
            }
            Target::Builtin => return Found::BuiltIn(context, verdict.reason),
            Target::Program(name) => name,
        };

        let trust = Trust {
            root: self.root,
            owner: self.owner,
            mounts: self.mounts.iter().map(str::as_bytes),
            own: self
                .own
                .and_then(|path| FileId::of(self.root, path.to_bytes())),
            script: rule.is_some_and(|rule| rule.script),
        };
        match trust.walk(name, &mut walked.path) {
            Ok(program) => Found::Program(context, name, program),
            Err(fault) if is_answered_without(fault, message, verdict.decision) => {
                Found::BuiltIn(context, Reason::Missing)
            }
            Err(fault) => {
                // A path too long to be told is cut.
                let _ = walked.fault.push(fault.words().as_bytes())
                    && walked.fault.push(b": ")
                    && walked.fault.push(walked.path.as_bytes());
                Found::Nothing(fault.reason())
            }
        }
    }
}

/// Whether umh answers the call where there is no program, or only a link to
/// umh: the kernel's own fallback is lost because *we* were started. It goes
/// down also without a program that cannot be read from its disk, but not for
/// a call that only audit mode lets through.
pub fn is_answered_without(
    fault: Fault,
    message: Option<&Message<'_>>,
    decision: Decision,
) -> bool {
    let none = fault.reason() == Reason::Missing || fault == Fault::OwnFile;
    match message {
        Some(message) if is_to_go_down(message) => {
            (none || matches!(fault, Fault::Errno(_))) && decision == Decision::Allow
        }
        Some(Message::RequestKey(_)) => none,
        _ => false,
    }
}

impl Found<'_> {
    /// What happens, for the record: the walk may refuse what the policy let
    /// through.
    pub(super) const fn decision(&self, verdict: &Verdict<'_>) -> Decision {
        match self {
            Self::Nothing(_) => Decision::Deny,
            Self::BuiltIn(..) | Self::Program(..) => verdict.decision,
        }
    }

    /// Why, for the record.
    pub(super) const fn reason(&self, verdict: &Verdict<'_>) -> Reason {
        match self {
            Self::Nothing(reason) | Self::BuiltIn(_, reason) => *reason,
            Self::Program(..) => verdict.reason,
        }
    }

    /// What runs, for the record.
    pub(super) fn target<'w>(&self, walked: &'w Walked) -> &'w [u8] {
        match self {
            Self::Nothing(_) => b"",
            Self::BuiltIn(..) => b"builtin",
            Self::Program(..) => walked.path.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use umh_abi::modprobe::Modprobe;
    use umh_abi::poweroff::Poweroff;
    use umh_abi::{Caller, Wait, Words};

    use super::*;
    use crate::policy::Rule;

    const MODPROBE: Message<'_> = Message::Modprobe(Modprobe {
        program: b"/program",
        name: b"x",
        wait: Wait::Proc,
    });
    const VERDICT: Verdict<'_> = Verdict {
        decision: Decision::Allow,
        reason: Reason::Rule,
        rule: Some(Rule::new("r", Caller::Modprobe)),
        target: Target::Program(b"/program"),
        detail: b"",
    };

    fn poweroff() -> Message<'static> {
        Message::Poweroff(Poweroff {
            program: b"/program",
            argv: Words::new(b"/program\0").unwrap(),
        })
    }

    /// What is found below a root with `/program` of the given mode, or none.
    fn find(mode: Option<u32>, verdict: &Verdict<'_>, message: &Message<'_>) -> (String, String) {
        let directory = tempfile::tempdir().unwrap();
        if let Some(mode) = mode {
            let program = directory.path().join("program");
            fs::write(&program, "ELF").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        }
        let root = Root::At(fs::File::open(directory.path()).unwrap().into());
        let owner = fs::metadata(directory.path()).unwrap().uid();
        let search = Search {
            root: &root,
            owner,
            mounts: Strings::list(&["/"]),
            own: None,
        };
        let mut walked = Walked::default();
        let found = search.find(verdict, Some(message), &mut walked);
        let word = match found {
            Found::Nothing(reason) => format!("nothing: {}", reason.name()),
            Found::BuiltIn(_, reason) => format!("built in: {}", reason.name()),
            Found::Program(..) => "program".into(),
        };
        (
            word,
            String::from_utf8_lossy(walked.fault().unwrap_or_default()).into_owned(),
        )
    }

    fn told(word: &str, fault: &str) -> (String, String) {
        (word.into(), fault.into())
    }

    #[test]
    fn a_trusted_program_answers() {
        assert_eq!(find(Some(0o755), &VERDICT, &MODPROBE), told("program", ""));
    }

    #[test]
    fn a_missing_program_is_told_unless_umh_can_do_its_work() {
        let missing = told("nothing: missing", "does not exist: /program");
        assert_eq!(find(None, &VERDICT, &MODPROBE), missing);
        assert_eq!(
            find(None, &VERDICT, &poweroff()),
            told("built in: missing", "")
        );
        assert_eq!(
            find(Some(0o644), &VERDICT, &poweroff()),
            told("built in: missing", "")
        );
    }

    #[test]
    fn a_program_that_others_can_change_stops_the_call_and_forces_nothing() {
        let refused = told("nothing: trust", "writable by others: /program");
        assert_eq!(find(Some(0o777), &VERDICT, &poweroff()), refused);
        let audit = Verdict {
            decision: Decision::Audit,
            ..VERDICT
        };
        assert_eq!(find(Some(0o777), &audit, &MODPROBE), refused);
    }

    #[test]
    fn a_program_on_a_broken_disk_is_a_missing_one_for_a_machine_going_down() {
        let broken = Fault::Errno(rustix::io::Errno::IO);
        let answered =
            |message: &Message<'_>| is_answered_without(broken, Some(message), Decision::Allow);
        assert!(answered(&poweroff()));
        assert!(!answered(&MODPROBE));
        assert!(!is_answered_without(
            Fault::Writable,
            Some(&poweroff()),
            Decision::Allow
        ));
    }

    #[test]
    fn audit_mode_forces_no_machine_down() {
        let audit = Verdict {
            decision: Decision::Audit,
            reason: Reason::Path,
            ..VERDICT
        };
        let missing = told("nothing: missing", "does not exist: /program");
        assert_eq!(find(None, &audit, &poweroff()), missing);
        assert_eq!(find(Some(0o755), &audit, &poweroff()), told("program", ""));
        let built_in = Verdict {
            target: Target::Builtin,
            ..audit
        };
        assert_eq!(
            find(None, &built_in, &poweroff()),
            told("nothing: path", "")
        );
    }

    #[test]
    fn a_denied_call_is_not_even_looked_for() {
        let denied = Verdict {
            decision: Decision::Deny,
            reason: Reason::Args,
            ..VERDICT
        };
        assert_eq!(find(None, &denied, &poweroff()), told("nothing: args", ""));
        let built_in = Verdict {
            target: Target::Builtin,
            ..denied
        };
        assert_eq!(
            find(None, &built_in, &poweroff()),
            told("nothing: args", "")
        );
    }
}
