// SPDX-License-Identifier: MIT OR Apache-2.0

//! What would answer a call that was let through: the walk to the program,
//! and what the program would find.

use serde::Serialize;
use umh_abi::{Invocation, Message};
use umh_helper::delegate::Delegate;
use umh_helper::pipeline::is_answered_without;
use umh_helper::policy::{Rule, Seccomp, Target, Verdict};
use umh_helper::sys::{PathBuffer, Root, WordList, check_file};
use umh_helper::trust::{FileId, Program, Trust};

use crate::log::record::text;
use crate::paths;
use crate::policy::Loaded;

/// What would answer.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Answer {
    /// umh itself.
    Builtin {
        /// The program in whose place umh answers: it is missing, or a link
        /// to umh.
        missing: Option<String>,
    },
    /// A program.
    Program(Box<Runs>),
    /// Nothing: the walk refuses what the rules let through.
    Nothing {
        /// The word in the record.
        why: &'static str,
        /// What is wrong, and with which path.
        detail: String,
    },
}

/// A program that would run.
#[derive(Debug, Serialize)]
pub struct Runs {
    /// The name that it is called by.
    pub name: String,
    /// Its path without links.
    pub path: String,
    /// Whether it is a script.
    pub script: bool,
    /// Its environment.
    pub environment: Vec<String>,
    /// What it finds on its descriptors.
    pub descriptors: Vec<String>,
    /// What it may do, and may not.
    pub privilege: Vec<String>,
    /// What the kernel and its security modules say (`AT_EXECVE_CHECK`).
    pub kernel: String,
}

/// Walks to what answers; `act` is done with the program before it is looked
/// at further, and may add to what the kernel says.
pub fn find<'v>(
    loaded: &Loaded<'_>,
    root: &Root,
    verdict: &Verdict<'v>,
    message: Option<&Message<'v>>,
    invocation: &Invocation<'v>,
    act: impl FnOnce(&Program) -> Result<(), String>,
) -> Answer {
    let name = match verdict.target {
        Target::Builtin => return Answer::Builtin { missing: None },
        Target::Program(name) => name,
    };
    let rule = verdict.rule.as_ref();
    let mut path = PathBuffer::new();
    let program = match walk(
        loaded,
        root,
        name,
        rule.is_some_and(|rule| rule.script),
        &mut path,
    ) {
        Ok(program) => program,
        Err(fault) if is_answered_without(fault, message, verdict.decision) => {
            return Answer::Builtin {
                missing: Some(text(name)),
            };
        }
        Err(fault) => {
            let detail = format!("{}: {}", text(path.as_bytes()), fault.words());
            return Answer::Nothing {
                why: fault.reason().name(),
                detail,
            };
        }
    };

    let kernel = act(&program).map_or_else(|failed| failed, |()| ask_kernel(&program, name));
    let script = program.script;
    let delegate = Delegate::new(root, program, &path, name, invocation, message, rule);
    let (environment, descriptors) = match &delegate {
        Ok(delegate) => {
            let kept = delegate.kept();
            let fd = |kept, what: &str| {
                if kept {
                    what.to_owned()
                } else {
                    "/dev/null".to_owned()
                }
            };
            let mut fds = vec![
                format!("0 {}", fd(kept.stdin, "as it came")),
                format!("1-2 {}", fd(kept.output, "as they came")),
            ];
            fds.extend(
                kept.pidfd
                    .then(|| "3 the crashed process (pidfd)".to_owned()),
            );
            (delegate.environment().map(text).collect(), fds)
        }
        Err(errno) => (vec![format!("does not fit: {errno}")], Vec::new()),
    };
    Answer::Program(Box::new(Runs {
        name: text(name),
        path: text(path.as_bytes()),
        script,
        environment,
        descriptors,
        privilege: privilege(rule),
        kernel,
    }))
}

/// Walks to the program `name`; `path` becomes its path without links, or
/// what is at fault.
pub fn walk(
    loaded: &Loaded<'_>,
    root: &Root,
    name: &[u8],
    script: bool,
    path: &mut PathBuffer,
) -> Result<Program, umh_helper::trust::Fault> {
    let own = FileId::of(root, paths::HELPER.as_bytes());
    let mounts = loaded.policy.mounts.iter().map(str::as_bytes);
    Trust {
        root,
        owner: loaded.owner,
        mounts,
        own,
        script,
    }
    .walk(name, path)
}

/// Asks the kernel whether this process might execute the program.
fn ask_kernel(program: &Program, name: &[u8]) -> String {
    let lists = WordList::with_room(1, name.len() + 1).and_then(|mut argv| {
        argv.push(&[name])?;
        Ok((argv, WordList::with_room(0, 0)?))
    });
    use std::os::fd::AsFd;
    let asked = lists.and_then(|(argv, envp)| check_file(program.file.as_fd(), &argv, &envp));
    match asked {
        Ok(()) => "would execute it".to_owned(),
        Err(rustix::io::Errno::INVAL) => {
            "cannot be asked: AT_EXECVE_CHECK needs Linux 6.14".to_owned()
        }
        Err(errno) if !rustix::process::geteuid().is_root() => {
            format!("would refuse this user, which says nothing about root: {errno}")
        }
        Err(errno) => format!("would refuse: {errno}"),
    }
}

/// What a rule leaves to its program, for a person.
fn privilege(rule: Option<&Rule<'_>>) -> Vec<String> {
    let Some(rule) = rule else {
        return vec!["no rule decides: root with everything that the kernel gives".to_owned()];
    };
    let mut lines = vec![match rule.caps {
        None => "all capabilities that the kernel gives".to_owned(),
        Some(caps) => {
            let names: Vec<_> = caps.names().collect();
            if names.is_empty() {
                "no capability".to_owned()
            } else {
                format!("capabilities: {}", names.join(" "))
            }
        }
    }];
    if let Some(trees) = rule.landlock {
        let join =
            |trees: umh_helper::toml::Strings<'_>| trees.iter().collect::<Vec<_>>().join(" ");
        lines.push(format!("may read only {}", join(trees.read)));
        lines.push(format!("may write only {}", join(trees.write)));
    }
    if rule.seccomp == Seccomp::Default {
        lines.push("no kexec, bpf, mounts, module loading and the like (seccomp)".to_owned());
    }
    if rule.no_new_privs {
        lines.push("no later execve adds privilege (no_new_privs)".to_owned());
    }
    lines.push(match (rule.supervise, rule.timeout) {
        (false, _) => "usermode-helper becomes it; its end is not recorded".to_owned(),
        (true, None) => "waited for, without a limit".to_owned(),
        (true, Some(seconds)) => format!("waited for, ended after {seconds} s"),
    });
    lines
}
