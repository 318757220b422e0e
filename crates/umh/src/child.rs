// SPDX-License-Identifier: MIT OR Apache-2.0

//! One new process: whether it became the helper, and how it ended.
//!
//! A child that shares our memory says itself why it does not become the
//! helper; that it does it cannot say, and one that is killed on the way says
//! nothing either. The kernel tells them apart: it makes the exit signal of
//! whatever does an execve(2) SIGCHLD (`de_thread` of `fs/exec.c`), and only
//! `__WCLONE` waits for a child that has another.
//!
//! Differs from Linux: an execve(2) that fails beyond its point of no return,
//! for want of a stack perhaps, is an error to those who wait for the start
//! there; here it is a helper that was killed at once.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::wait::{Retval, Status};

use crate::call::ProcessCall;
use crate::error::{Stage, errno};
use crate::processes::Processes;
use crate::reaper::{Held, reap};
use crate::sys::vfork;
use crate::task::ProcessTask;

/// A process whose start is over.
pub(crate) struct Child {
    pidfd: OwnedFd,
    /// What it said before the program, if it came to say anything.
    said: Retval,
    /// How it ended without ever being the helper.
    gone: Option<Status>,
}

impl Child {
    /// Starts a process and has it become the helper. When this returns it is,
    /// or is gone.
    pub(crate) fn start(host: &Processes, call: &mut ProcessCall) -> Result<Self, Errno> {
        call.progress.at(Stage::Process);
        let cgroup = call.cgroup.take();
        let mut task = ProcessTask::new(call.progress.clone());
        Self::run(
            cgroup.as_ref().map(OwnedFd::as_fd),
            &mut || match task.shed() {
                Ok(()) => exec::become_helper(host, &mut task, call),
                Err(errno) => errno.into(),
            },
        )
    }

    fn run(
        cgroup: Option<BorrowedFd<'_>>,
        child: &mut dyn FnMut() -> Retval,
    ) -> Result<Self, Errno> {
        let mut said = Retval::SUCCESS;
        let pidfd = vfork(cgroup, &mut || said = child()).map_err(errno)?;
        // Nothing waits here for a helper: it is not seen, which is an error.
        let gone = status(&pidfd, WaitIdOptions::EXITED | CLONES).ok();
        Ok(Self { pidfd, said, gone })
    }

    /// What the start came to, for who waits for no more. Killed on the way is
    /// what `kernel_execve` makes of it, too.
    pub(crate) fn began(&self) -> Retval {
        match self.gone {
            Some(_) if self.said == Retval::SUCCESS => Errno::ERESTARTNOHAND.into(),
            _ => self.said,
        }
    }

    /// Waits for the end: what the process said, and its status.
    pub(crate) fn wait(self) -> (Retval, Status) {
        let ended = match self.gone {
            Some(status) => Ok(status),
            None => status(&self.pidfd, WaitIdOptions::EXITED),
        };
        match ended {
            Ok(status) => (self.said, status),
            // Somebody else has taken the status, or SIGCHLD is ignored.
            Err(errno) => (errno.into(), Status::SUCCESS),
        }
    }

    /// Whether there is still something to wait for, and where to look for it.
    #[cfg(feature = "tokio")]
    pub(crate) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.gone.is_none().then_some(self.pidfd.as_fd())
    }

    /// Leaves the process alone. With its end goes what is `held` until then.
    pub(crate) fn leave(self, held: Option<Held>) {
        if self.gone.is_none() {
            reap(self.pidfd, held);
        }
    }
}

/// `__WCLONE` of linux/wait.h.
const CLONES: WaitIdOptions = WaitIdOptions::from_bits_retain(0x8000_0000);

/// Waits for the end of a process, and takes its status.
fn status(process: &OwnedFd, options: WaitIdOptions) -> Result<Status, Errno> {
    let ended = rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(process.as_fd()), options));
    let status = ended.map_err(errno)?.ok_or(Errno::EIO)?;
    Ok(status_of(&status))
}

fn status_of(status: &WaitIdStatus) -> Status {
    let byte = |number: i32| (number & 0xff) as u8;
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Status::exited(byte(code)),
        (None, signal) => Status::killed(byte(signal.unwrap_or(0)), status.dumped()),
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    fn killed() -> Child {
        let die = &mut || {
            let _ = kill_process(getpid(), Signal::KILL);
            Retval::SUCCESS
        };
        Child::run(None, die).unwrap()
    }

    #[test]
    fn a_child_that_is_killed_on_the_way_never_started() {
        let child = killed();
        assert_eq!(child.began(), Errno::ERESTARTNOHAND.into());
        assert_eq!(
            child.wait(),
            (Retval::SUCCESS, Status::killed(9, false)),
            "its end is its end"
        );
    }

    #[test]
    fn a_child_that_says_why_is_believed() {
        let child = Child::run(None, &mut || Errno::EPERM.into()).unwrap();
        assert_eq!(child.began(), Errno::EPERM.into());
        assert_eq!(child.wait(), (Errno::EPERM.into(), Status::SUCCESS));
    }

    #[test]
    fn a_signal_to_the_group_it_left_does_not_reach_a_child() {
        let interrupted = &mut || {
            let _ = kill_process(getpid(), Signal::INT);
            crate::sys::default_all_signals();
            Errno::EPERM.into()
        };
        let child = Child::run(None, interrupted).unwrap();
        assert_eq!(child.began(), Errno::EPERM.into());
    }

    #[test]
    fn a_child_that_never_started_is_nobody_elses_to_wait_for() {
        // Whatever waits for any child of ours in the usual way: other tests
        // run beside this one, so it only looks.
        let any = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let (sender, process) = std::sync::mpsc::channel();
        let seen = &mut || {
            let _ = sender.send(getpid());
            Errno::EPERM.into()
        };
        let _child = Child::run(None, seen).unwrap();
        let pid = process.recv().unwrap();
        let found = waitid(WaitId::Pid(pid), any);
        assert_eq!(found.err(), Some(rustix::io::Errno::CHILD));
    }
}
