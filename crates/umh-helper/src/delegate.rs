// SPDX-License-Identifier: MIT OR Apache-2.0

//! Hands a call to an external program: with the arguments as they came, an
//! environment made anew, the descriptors of the call and no others, and no
//! more privilege than the rule leaves.

mod environment;

use core::time::Duration;

use rustix::fd::AsFd as _;
use rustix::io::{Errno, Result};
use rustix::process::Signal;
use umh_abi::{Caller, Invocation, Message};

use crate::answer::Failed;
use crate::policy::Rule;
use crate::sandbox::{Lacking, confine};
use crate::sys::descriptors::{self, Kept};
use crate::sys::{Child, Ended, Group, PathBuffer, Root, WordList, exec_at, exec_file, spawn};
use crate::trust::Program;

/// How long a program that is told to end, or ended, may take for it.
const GRACE: Duration = Duration::from_secs(1);

/// A program, ready to run for one call.
#[derive(Debug)]
pub struct Delegate<'a> {
    root: &'a Root,
    program: Program,
    /// The program's path without links, by which a script is executed.
    path: &'a PathBuffer,
    argv: WordList,
    envp: WordList,
    kept: Kept,
    /// Whose privilege and for which caller; audit mode may have none.
    rule: Option<(&'a Rule<'a>, Caller)>,
    /// What the rule asks for in vain.
    pub lacking: Lacking,
}

/// What became of a program that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ended.
    Ended(Ended),
    /// It took longer than its rule allows, and was ended.
    TimedOut,
    /// It was started, but cannot be waited for.
    Lost(Errno),
}

impl<'a> Delegate<'a> {
    /// Makes `program`, reached as `path`, ready. It finds itself called
    /// `name`: the word that the kernel passed, or the path that the rule runs.
    pub fn new(
        root: &'a Root,
        program: Program,
        path: &'a PathBuffer,
        name: &[u8],
        invocation: &Invocation<'_>,
        message: Option<&Message<'_>>,
        rule: Option<&'a Rule<'a>>,
    ) -> Result<Self> {
        let block = invocation.argv.block();
        let (mut argv, mut envp) = WordList::pair(
            (invocation.argv.len(), name.len() + 1 + block.len()),
            environment::room(invocation),
        )?;
        environment::rebuild(message, &mut envp)?;
        argv.push(&[name])?;
        for word in invocation.argv.iter().skip(1) {
            argv.push(&[word])?;
        }
        let kept = match message {
            // The core and the crashed process.
            Some(Message::Coredump(core)) => Kept {
                stdin: true,
                output: false,
                pidfd: core.pidfd,
            },
            // The console.
            Some(Message::Linuxrc(_)) => Kept {
                stdin: true,
                output: true,
                pidfd: false,
            },
            _ => Kept::default(),
        };
        Ok(Self {
            root,
            program: Program {
                file: descriptors::out_of_the_way(program.file)?,
                ..program
            },
            path,
            argv,
            envp,
            kept,
            rule: rule.zip(message.map(Message::caller)),
            lacking: rule.map(Lacking::of).unwrap_or_default(),
        })
    }

    /// The arguments that the program gets, its name first.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.argv.iter()
    }

    /// The environment that the program gets.
    pub fn environment(&self) -> impl Iterator<Item = &[u8]> {
        self.envp.iter()
    }

    /// The descriptors that the program gets beside `/dev/null`.
    pub const fn kept(&self) -> Kept {
        self.kept
    }

    /// Starts the program and waits for its end, or for its limit; an error if
    /// it was not started. The kept descriptors are the program's alone from
    /// then on.
    pub fn supervise(&mut self) -> core::result::Result<Ending, Failed> {
        let limit = self.rule.and_then(|(rule, _)| rule.timeout);
        let mut failed = None;
        let group = if limit.is_some() {
            Group::Own
        } else {
            Group::Ours
        };
        let child = spawn(group, &mut || {
            let failure = self.become_program();
            failed = Some(failure);
            failure.errno
        });
        let child = match (child, failed) {
            (Ok(child), _) => child,
            (Err(_), Some(failed)) => return Err(failed),
            (Err(errno), None) => {
                return Err(Failed {
                    step: "clone",
                    errno,
                });
            }
        };

        descriptors::let_go(self.kept);
        let limit = limit.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(end_of(child, limit).unwrap_or_else(Ending::Lost))
    }

    /// Becomes the program in this process; returns only what went wrong.
    pub fn become_program(&mut self) -> Failed {
        match self.prepare() {
            Ok(()) => Failed {
                step: "execve",
                errno: self.exec(),
            },
            Err(failed) => failed,
        }
    }

    fn prepare(&mut self) -> core::result::Result<(), Failed> {
        descriptors::arrange(self.root, self.kept).map_err(|errno| Failed {
            step: "descriptors",
            errno,
        })?;
        match self.rule {
            Some((rule, caller)) => confine(
                rule,
                caller,
                self.root,
                self.program.file.as_fd(),
                self.lacking,
            ),
            None => Ok(()),
        }
    }

    fn exec(&self) -> Errno {
        if !self.program.script {
            return exec_file(self.program.file.as_fd(), &self.argv, &self.envp);
        }
        // Every directory of the path was just proven writable by root only.
        let failed = self.root.with(self.path.as_bytes(), |directory, path| {
            Err::<(), _>(exec_at(directory, path, &self.argv, &self.envp))
        });
        failed.err().unwrap_or(Errno::NOSYS)
    }
}

/// Waits for the end of a program, and brings it about after `limit`.
fn end_of(child: Child, limit: Option<Duration>) -> Result<Ending> {
    let in_time = match limit {
        Some(limit) => child.ends_within(limit)?,
        None => true,
    };
    if in_time {
        return child.wait().map(Ending::Ended);
    }
    let _ = child.signal(Signal::TERM);
    if !child.ends_within(GRACE)? {
        let _ = child.signal(Signal::KILL);
    }
    // Neither it nor we may be able to help it: what waits for a disk or a
    // server that is gone does not end. Nobody waits for that here.
    if child.ends_within(GRACE)? {
        child.wait()?;
    }
    Ok(Ending::TimedOut)
}

#[cfg(test)]
mod tests;
