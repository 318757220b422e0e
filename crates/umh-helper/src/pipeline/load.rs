// SPDX-License-Identifier: MIT OR Apache-2.0

//! The built-in answer to a module request, between the policy and the log.

use core::time::Duration;

use rustix::fd::AsFd as _;
use rustix::io::Errno;
use umh_abi::Caller;
use umh_abi::modprobe::Modprobe;

use super::call::{Call, Result};
use crate::answer::{Context, Failed};
use crate::audit::End;
use crate::modprobe::{Came, Loader};
use crate::modules::Unknowable;
use crate::outcome::Refusal;
use crate::sandbox::{Lacking, confine_self};
use crate::sys::{Ended, Group, PathBuffer, WordList, exec_file, spawn};
use crate::trust::Trust;

impl Call<'_> {
    /// Loads the modules that a name leads to.
    pub(super) fn load(&self, asked: &Modprobe<'_>, context: &Context<'_>) -> Result {
        let wanted = match self.modules.wanted(asked.name) {
            Ok(wanted) => wanted,
            // Before there is a root, nothing is found anywhere.
            Err(Unknowable::NoTree) => return self.refuse(Refusal::Missing),
            Err(Unknowable::Memory(errno)) => {
                return self.fail_at(Failed {
                    step: "memory",
                    errno: *errno,
                });
            }
            Err(Unknowable::Lists(why)) => {
                self.log.complain(format_args!("modprobe: {why}"));
                return self.failed(Errno::IO);
            }
        };
        for complaint in &wanted.complaints {
            self.log.complain(format_args!("modprobe: {complaint}"));
        }

        let mut confine = || match self.rule {
            Some(rule) => {
                let lacking = Lacking::of(rule);
                self.tell_lacking(lacking);
                confine_self(
                    rule,
                    Caller::Modprobe,
                    context.root,
                    self.runs_installs,
                    lacking,
                )
            }
            // Audit mode lets through what no rule is for.
            None => Ok(()),
        };
        let mut tell = |what: core::fmt::Arguments<'_>| {
            self.log.warn(format_args!("modprobe: {what}"));
        };
        let mut run = |module: &[u8], words: &[&[u8]]| self.run_install(context, module, words);
        let mut loader = Loader::new(context.root, &mut confine, &mut tell);
        if self.runs_installs {
            loader.run = Some(&mut run);
        }
        match loader.load(wanted) {
            Ok(Came::There) => (0, End::Answered(0)),
            Ok(Came::Unknown) => self.refuse(Refusal::Missing),
            Ok(Came::Refused) => self.refuse(Refusal::Denied),
            // It was told.
            Ok(Came::Failed(errno)) => self.failed(errno),
            Err(failed) => self.fail_at(failed),
        }
    }

    /// Runs the program of an `install` line, if nobody but root can have
    /// changed it, and waits for it.
    fn run_install(
        &self,
        context: &Context<'_>,
        module: &[u8],
        words: &[&[u8]],
    ) -> core::result::Result<(), Failed> {
        let failed = |step| move |errno| Failed { step, errno };
        let Some(name) = words.first() else {
            return Err(failed("install")(Errno::NOENT));
        };
        let trust = Trust {
            root: context.root,
            owner: 0,
            mounts: self.mounts.iter().map(str::as_bytes),
            own: None,
            script: false,
        };
        let mut path = PathBuffer::new();
        let program = trust
            .walk(name, &mut path)
            .map_err(|fault| failed(fault.words())(Errno::ACCESS))?;
        let length = words.iter().map(|word| word.len() + 1).sum();
        let (argv, envp) = words_of(module, words, length).map_err(failed("arguments"))?;
        let child = spawn(Group::Ours, &mut || {
            exec_file(program.file.as_fd(), &argv, &envp)
        });
        let child = child.map_err(failed("install"))?;
        let in_time = child.ends_within(context.limit.max(Duration::from_secs(1)));
        if !in_time.map_err(failed("install"))? {
            let _ = child.signal(rustix::process::Signal::KILL);
            return Err(failed("install: took too long")(Errno::TIMEDOUT));
        }
        match child.wait().map_err(failed("install"))? {
            Ended::Exited(0) => Ok(()),
            Ended::Exited(_) | Ended::Killed(_) => Err(failed("install: failed")(Errno::IO)),
        }
    }

    fn fail_at(&self, failed: Failed) -> Result {
        self.log.complain(format_args!("modprobe: {failed}"));
        self.failed(failed.errno)
    }

    fn failed(&self, errno: Errno) -> Result {
        (self.status(Refusal::Failed), End::Failed(errno))
    }
}

/// The arguments of a program, and the environment that kmod gives it.
fn words_of(
    module: &[u8],
    words: &[&[u8]],
    length: usize,
) -> rustix::io::Result<(WordList, WordList)> {
    const KERNELS: [&[u8]; 3] = [
        b"HOME=/",
        b"TERM=linux",
        b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
    ];
    let mut argv = WordList::with_room(words.len(), length)?;
    for word in words {
        argv.push(&[word])?;
    }
    let mut envp = WordList::with_room(4, 128 + module.len())?;
    for word in KERNELS {
        envp.push(&[word])?;
    }
    envp.push(&[b"MODPROBE_MODULE=", module])?;
    Ok((argv, envp))
}
