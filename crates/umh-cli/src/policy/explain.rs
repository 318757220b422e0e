// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy explain`: every check of a call in order, and what would run.

use std::io::{self, Write};

use serde::Serialize;
use umh_abi::{Message, Unrecognised};
use umh_helper::modules::Modules;
use umh_helper::outcome::{self, Refusal};
use umh_helper::policy::Check;
use umh_helper::sys::Root;
use umh_helper::trust::Program;
use umh_helper::verdict::{Decision, Reason};

use crate::args;
use crate::failure::{Exit, Failure};
use crate::log::record::text;
use crate::policy::answer::{Answer, find};
use crate::policy::shape::Shape;
use crate::policy::{Ignored, Loaded};
use crate::report::{BAD, DIM, GOOD, Report, TITLE, WARN, styled};

/// What would happen to a call.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The arguments.
    pub argv: Vec<String>,
    /// Whose call it is taken for; `None`: no caller makes such a call.
    pub caller: Option<&'static str>,
    /// The kernel's function that makes it.
    pub source: Option<&'static str>,
    /// What nobody said, so that it was taken from the call that the words
    /// resemble: `caller`, `environment`, `descriptors`.
    pub assumed: Vec<&'static str>,
    /// Every check, in order.
    pub checks: Vec<Step>,
    /// `allow`, `deny` or `audit`.
    pub decision: &'static str,
    /// The check that decided.
    pub why: &'static str,
    /// What exactly it was about.
    pub detail: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// What would answer, if anything.
    pub answer: Option<Answer>,
    /// The exit status that the caller gets, where nothing answers.
    pub status: Option<u8>,
    /// Policy files that are not in force.
    pub ignored: Vec<Ignored>,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What it is about: the reason that a failure would give.
    pub about: &'static str,
    /// The rule whose check it is.
    pub rule: Option<String>,
    /// Whether the call passed.
    pub passed: bool,
    /// What failed.
    pub detail: String,
}

/// Explains the call that `args` describes.
pub fn explain(args: &args::Call, root: &Root, loaded: &Loaded<'_>) -> Result<Explained, Failure> {
    explain_and(args, root, loaded, |_, _| Ok(()))
}

/// Explains the call and, where a program would run, does `act` to it before
/// the kernel is asked. What `act` reports as an error replaces the answer of
/// the kernel.
pub fn explain_and(
    args: &args::Call,
    root: &Root,
    loaded: &Loaded<'_>,
    act: impl FnOnce(&umh_helper::policy::Verdict<'_>, &Program) -> Result<(), String>,
) -> Result<Explained, Failure> {
    let shape = Shape::new(args)?;
    let invocation = shape.invocation(&loaded.policy)?;
    let parsed = Message::parse(&invocation);
    let mut checks = Vec::new();
    let mut ignored = loaded.ignored.clone();
    let verdict = match &parsed {
        Ok(message) => loaded.policy.judge_with(
            &Modules::running(root, || Ok(())),
            message,
            &invocation,
            &mut |complaint| ignored.push(Ignored::of(complaint)),
            &mut |check| checks.push(Step::new(check)),
        ),
        Err(why) => {
            checks.push(Step::unrecognised(*why));
            loaded.policy.judge_unrecognised(*why, &invocation)
        }
    };

    let message = parsed.as_ref().ok();
    let let_through = verdict.decision != Decision::Deny;
    let answer = let_through.then(|| {
        find(loaded, root, &verdict, message, &invocation, |program| {
            act(&verdict, program)
        })
    });
    let contract = message.map(|message| message.caller().contract());
    let mut explained = Explained {
        argv: invocation.argv.iter().map(text).collect(),
        caller: contract.map(|contract| contract.name),
        source: contract.map(|contract| contract.source),
        assumed: assumed(args),
        checks,
        decision: verdict.decision.name(),
        why: verdict.reason.name(),
        detail: text(verdict.detail),
        rule: verdict.rule.map(|rule| rule.name.to_owned()),
        status: None,
        ignored,
        answer: None,
    };
    let refusal = match &answer {
        Some(Answer::Nothing { why, detail }) => {
            explained.checks.push(Step {
                about: why,
                rule: None,
                passed: false,
                detail: detail.clone(),
            });
            explained.decision = Decision::Deny.name();
            explained.why = why;
            explained.detail.clone_from(detail);
            let missing = *why == Reason::Missing.name();
            Some(if missing {
                Refusal::Missing
            } else {
                Refusal::Denied
            })
        }
        Some(Answer::Builtin { .. } | Answer::Program(_)) => None,
        None => Some(Refusal::Denied),
    };
    explained.status =
        refusal.map(|refusal| outcome::status(message.map(Message::caller), refusal));
    explained.answer = answer;
    Ok(explained)
}

impl Step {
    fn new(check: &Check<'_>) -> Self {
        Self {
            about: check.about.name(),
            rule: check.rule.map(str::to_owned),
            passed: check.passed,
            detail: text(check.detail),
        }
    }

    fn unrecognised(why: Unrecognised) -> Self {
        let (about, detail) = match why {
            Unrecognised::NoProgram => (Reason::Name, "there is no program name"),
            Unrecognised::NoSuchCall => (
                Reason::Caller,
                "no caller of the kernel makes a call of this shape",
            ),
            Unrecognised::NotTheKernel => (Reason::Caller, "not started by the kernel"),
        };
        Self {
            about: about.name(),
            rule: None,
            passed: false,
            detail: detail.to_owned(),
        }
    }

    /// What was asked, for a person.
    fn question(&self, program: &str) -> String {
        let rule = self.rule.as_deref().unwrap_or("-");
        match self.about {
            "name" => format!("{program} is named in plain absolute form"),
            "path" => format!("a rule lists {program}"),
            "caller" if self.rule.is_some() => {
                format!("rule {rule} lists the program, and is for this caller")
            }
            "caller" => "it is a call of the kernel".to_owned(),
            "disabled" => format!("rule {rule} is enabled"),
            "args" => format!("the arguments fit rule {rule}"),
            "module" => "the module filter lets it pass".to_owned(),
            "missing" => "the program is installed".to_owned(),
            "script" => "the program is no script, or the rule allows one".to_owned(),
            _ => "only root can have put the program there".to_owned(),
        }
    }
}

impl Report for Explained {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for ignored in &self.ignored {
            writeln!(out, "{} {ignored}", styled(WARN, "note"))?;
        }
        let source = self
            .source
            .map_or(String::new(), |source| format!("  ({source})"));
        let caller = self.caller.unwrap_or("no caller of the kernel");
        writeln!(
            out,
            "{} {caller}{}",
            styled(TITLE, "call    "),
            styled(DIM, source)
        )?;
        if !self.assumed.is_empty() {
            writeln!(
                out,
                "{} {}: those of the call that the words resemble",
                styled(TITLE, "guessed "),
                self.assumed.join(", ")
            )?;
        }
        let program = self.argv.first().map_or("the program", String::as_str);
        for (number, step) in self.checks.iter().enumerate() {
            let title = if number == 0 { "checks  " } else { "        " };
            let mark = if step.passed {
                styled(GOOD, "yes")
            } else {
                styled(BAD, "no ")
            };
            let detail = if step.detail.is_empty() {
                String::new()
            } else {
                format!(": {}", step.detail)
            };
            writeln!(
                out,
                "{} {mark}  {}{detail}",
                styled(TITLE, title),
                step.question(program)
            )?;
        }
        let style = match self.decision {
            "allow" => GOOD,
            "audit" => WARN,
            _ => BAD,
        };
        let rule = self.rule.as_deref().unwrap_or("-");
        let (decision, why) = (styled(style, self.decision), self.why);
        writeln!(
            out,
            "{} {decision}  rule={rule} why={why}",
            styled(TITLE, "decision")
        )?;
        if let Some(status) = self.status {
            writeln!(
                out,
                "{} nothing runs; the caller gets exit status {status}",
                styled(TITLE, "answer  ")
            )?;
        }
        match &self.answer {
            Some(Answer::Builtin {
                missing: Some(program),
            }) => {
                writeln!(
                    out,
                    "{} umh itself: {program} is missing, or a link to umh",
                    styled(TITLE, "answer  ")
                )
            }
            Some(Answer::Builtin { missing: None }) => {
                writeln!(out, "{} umh itself", styled(TITLE, "answer  "))
            }
            Some(Answer::Program(runs)) => {
                let script = if runs.script { " (a script)" } else { "" };
                writeln!(
                    out,
                    "{} {}{script}, called {}",
                    styled(TITLE, "answer  "),
                    runs.path,
                    runs.name
                )?;
                lines(out, "with    ", &runs.environment)?;
                lines(out, "fds     ", &runs.descriptors)?;
                lines(out, "limits  ", &runs.privilege)?;
                writeln!(out, "{} {}", styled(TITLE, "kernel  "), runs.kernel)
            }
            Some(Answer::Nothing { .. }) | None => Ok(()),
        }
    }

    fn exit(&self) -> Exit {
        if self.decision == Decision::Allow.name() {
            Exit::Done
        } else {
            Exit::Finding
        }
    }
}

/// What the options leave open.
fn assumed(args: &args::Call) -> Vec<&'static str> {
    let open = [
        ("caller", args.caller.is_none()),
        ("environment", args.env.is_empty()),
        ("descriptors", args.fd.is_empty()),
    ];
    let open = open.into_iter().filter(|(_, open)| *open);
    open.map(|(name, _)| name).collect()
}

fn lines(out: &mut dyn Write, title: &str, lines: &[String]) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        writeln!(
            out,
            "{} {line}",
            styled(TITLE, if number == 0 { title } else { "        " })
        )?;
    }
    Ok(())
}
