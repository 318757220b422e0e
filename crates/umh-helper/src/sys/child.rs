// SPDX-License-Identifier: MIT OR Apache-2.0

//! Starting another program and waiting for its end.
//!
//! The child is made as vfork(2) makes it: it shares our memory and we stand
//! still until it has become another program, so that nothing is copied. It
//! runs further down on our stack and never comes back from there, so that
//! nothing of ours is overwritten and no stack need be made for it.

use core::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{FromRawFd as _, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, getppid, kill_process_group, pidfd_send_signal,
    set_parent_process_death_signal, waitpid,
};

use super::process::exit;
use super::raw::number;

/// A program that was started.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    /// Readable when the program has ended (`pidfd_open(2)`).
    pidfd: OwnedFd,
}

/// The process group that a program is started in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Ours, as if the kernel had started it.
    Ours,
    /// One of its own, so that an end by force reaches what it started.
    Own,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Runs `become_program` in a new process; it returns only if it could not
/// become one, and says why. The program is told to end if this process does:
/// nobody would be left to hold it to its limit.
pub fn spawn(group: Group, become_program: &mut dyn FnMut() -> Errno) -> Result<Child> {
    /// sched.h, and SIGCHLD as the signal at the end.
    const FLAGS: usize = CLONE_VM | CLONE_PIDFD | CLONE_VFORK | 17;
    const CLONE_VM: usize = 0x100;
    const CLONE_PIDFD: usize = 0x1000;
    const CLONE_VFORK: usize = 0x4000;

    let mut start = Start {
        parent: getpid(),
        group,
        become_program,
        failed: None,
    };
    let mut pidfd: i32 = -1;
    let pid: isize;
    // SAFETY: the child has our stack pointer (a new one of 0, clone(2)),
    // which is aligned here and has nothing in use below it; it calls `run`
    // there with `start` and never comes back from it. This process goes on
    // only after the child is gone from its memory, so that nothing is shared
    // at the same time, and finds all at and above its stack pointer as it was.
    unsafe {
        core::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") number::CLONE => pid,
            in("rdi") FLAGS,
            in("rsi") 0,
            in("rdx") &raw mut pidfd,
            in("r10") 0,
            in("r8") 0,
            in("r12") &raw mut start,
            in("r13") run as extern "C" fn(&mut Start<'_>) -> !,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    let pid = i32::try_from(pid).map_err(|_| Errno::RANGE)?;
    if pid < 0 {
        return Err(Errno::from_raw_os_error(-pid));
    }
    let pid = Pid::from_raw(pid).ok_or(Errno::CHILD)?;
    // SAFETY: the kernel just made the descriptor for us.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let child = Child { pid, pidfd };
    match start.failed {
        None => Ok(child),
        Some(errno) => {
            let _ = child.wait();
            Err(errno)
        }
    }
}

/// What the child is told, and what it tells.
struct Start<'a> {
    parent: Pid,
    group: Group,
    become_program: &'a mut dyn FnMut() -> Errno,
    failed: Option<Errno>,
}

/// The child.
extern "C" fn run(start: &mut Start<'_>) -> ! {
    if start.group == Group::Own {
        let _ = rustix::process::setpgid(None, None);
    }
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    if getppid() != Some(start.parent) {
        // It ended before that could be asked for.
        exit(127)
    }
    start.failed = Some((start.become_program)());
    exit(127)
}

impl Child {
    /// Waits for the end.
    pub fn wait(self) -> Result<Ended> {
        let status = rustix::io::retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()))?;
        let (_, status) = status.ok_or(Errno::CHILD)?;
        match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => Ok(Ended::Exited(status)),
            (None, Some(signal)) => Ok(Ended::Killed(signal)),
            (None, None) => Err(Errno::CHILD),
        }
    }

    /// Waits at most `limit` for the end; whether it came.
    pub fn ends_within(&self, limit: Duration) -> Result<bool> {
        let limit = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let mut polled = [PollFd::new(&self.pidfd, PollFlags::IN)];
        // Nothing here handles a signal, so that none interrupts.
        Ok(poll(&mut polled, Some(&limit))? != 0)
    }

    /// Sends `signal` to a program of [`Group::Own`], also if it has left its
    /// group, and to whatever it started that stayed there.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        // The group first: it is the child's for as long as that is not
        // waited for.
        let group = kill_process_group(self.pid, signal);
        pidfd_send_signal(&self.pidfd, signal).or(group)
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::CWD;

    use super::*;
    use crate::sys::{WordList, exec_at};

    fn sh(script: &[u8]) -> Result<Child> {
        let mut argv = WordList::with_room(3, 100).unwrap();
        for word in [b"sh", &b"-c"[..], script] {
            argv.push(&[word]).unwrap();
        }
        let envp = WordList::with_room(0, 0).unwrap();
        spawn(Group::Own, &mut || exec_at(CWD, c"/bin/sh", &argv, &envp))
    }

    #[test]
    fn the_end_of_a_program_is_told() {
        assert_eq!(sh(b"exit 7").unwrap().wait(), Ok(Ended::Exited(7)));
        assert_eq!(sh(b"kill -9 $$").unwrap().wait(), Ok(Ended::Killed(9)));
    }

    #[test]
    fn what_cannot_be_started_says_why() {
        let words = WordList::with_room(0, 0).unwrap();
        let missing = spawn(Group::Ours, &mut || {
            exec_at(CWD, c"/nothing/here", &words, &words)
        });
        assert_eq!(missing.err(), Some(Errno::NOENT));
    }

    #[test]
    fn a_program_that_does_not_end_can_be_ended_with_what_it_started() {
        let child = sh(b"sleep 100 & sleep 100").unwrap();
        assert_eq!(child.ends_within(Duration::from_millis(20)), Ok(false));
        child.signal(Signal::KILL).unwrap();
        assert_eq!(child.ends_within(Duration::from_secs(10)), Ok(true));
        assert_eq!(child.wait(), Ok(Ended::Killed(9)));
    }

    #[test]
    fn a_program_that_left_its_group_can_be_ended() {
        let mut argv = WordList::with_room(2, 100).unwrap();
        for word in [&b"sleep"[..], b"100"] {
            argv.push(&[word]).unwrap();
        }
        let envp = WordList::with_room(0, 0).unwrap();
        let ours = rustix::process::getpgrp();
        let child = spawn(Group::Own, &mut || {
            let _ = rustix::process::setpgid(None, Some(ours));
            exec_at(CWD, c"/bin/sleep", &argv, &envp)
        });
        let child = child.unwrap();
        child.signal(Signal::KILL).unwrap();
        assert_eq!(child.ends_within(Duration::from_secs(10)), Ok(true));
        assert_eq!(child.wait(), Ok(Ended::Killed(9)));
    }

    /// The signal comes at the end of the thread that started it.
    #[test]
    fn a_program_whose_starter_ends_is_told_to_end() {
        let started = std::thread::spawn(|| sh(b"exec sleep 100").unwrap());
        let child = started.join().unwrap();
        assert_eq!(child.ends_within(Duration::from_secs(10)), Ok(true));
        assert_eq!(child.wait(), Ok(Ended::Killed(15)));
    }
}
