// SPDX-License-Identifier: MIT OR Apache-2.0

//! Signals to PID 1, sync(2) and reboot(2), and nothing that decides about
//! them.

use core::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, Result};
use rustix::process::{Pid, PidfdFlags, WaitOptions};
use rustix::system::RebootCommand;

use super::process::exit;
use super::raw::{number, syscall};

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
const RT_SIGPROCMASK: usize = 14;
const KILL: usize = 62;

/// Turns the power off at once; the error if the machine is still up.
pub fn power_off() -> Errno {
    still_up(rustix::system::reboot(RebootCommand::PowerOff))
}

/// Restarts the machine at once; the error if it is still up.
pub fn restart() -> Errno {
    still_up(rustix::system::reboot(RebootCommand::Restart))
}

/// Writes all file systems out, but waits no longer than `limit`: with a disk
/// that has stopped to answer sync(2) does not come back, not even by SIGKILL.
pub fn sync(limit: Duration) {
    in_child(limit, rustix::fs::sync);
}

/// Does `work` in a copy of the process, which is left behind after `limit`;
/// here, if there can be no copy.
fn in_child(limit: Duration, work: fn()) {
    const SIGCHLD: usize = 17;
    // SAFETY: nothing is shared with the child, and it goes on where we do, on
    // its copy of the stack; no pointer is passed. It makes system calls only,
    // so that no lock that another thread of ours holds can matter.
    let pid = match unsafe { syscall(number::CLONE, [SIGCHLD, 0, 0, 0, 0, 0]) } {
        Ok(0) => {
            work();
            exit(0)
        }
        Ok(pid) => i32::try_from(pid).ok().and_then(Pid::from_raw),
        Err(_) => return work(),
    };
    // A child that cannot be waited for is not waited for.
    let Some(pid) = pid else { return };
    let (Ok(pidfd), Ok(limit)) = (
        rustix::process::pidfd_open(pid, PidfdFlags::empty()),
        limit.try_into(),
    ) else {
        return;
    };
    let mut end = [PollFd::new(&pidfd, PollFlags::IN)];
    let _ = rustix::event::poll(&mut end, Some(&limit));
    let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
}

/// Sends `signal` to PID 1. By number, because real-time signals have no name.
pub fn signal_init(signal: u8) -> Result<()> {
    const INIT: usize = 1;
    // SAFETY: kill(2) takes no pointer, and another process gets the signal.
    unsafe { syscall(KILL, [INIT, usize::from(signal), 0, 0, 0, 0]) }.map(drop)
}

/// Holds SIGPIPE back for the rest of the process's life, so that a write
/// whose reader goes away fails with `EPIPE` and does not end the process.
pub fn block_sigpipe() {
    const SIG_BLOCK: usize = 0;
    const SIGPIPE: u64 = 1 << (13 - 1);
    let set = SIGPIPE;
    let set = core::ptr::from_ref(&set).expose_provenance();
    // SAFETY: the kernel reads 8 bytes of signal set, which outlive the call,
    // and writes nothing: the pointer for the old set is null. A mask cannot
    // make memory unsound.
    let _ = unsafe { syscall(RT_SIGPROCMASK, [SIG_BLOCK, set, 0, size_of::<u64>(), 0, 0]) };
}

/// reboot(2) that worked does not return; one that says it did has failed too.
fn still_up(result: Result<()>) -> Errno {
    result.err().unwrap_or(Errno::CANCELED)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_that_hangs_is_left_behind() {
        let begin = Instant::now();
        in_child(Duration::from_millis(20), || {
            std::thread::sleep(Duration::from_secs(2))
        });
        assert!(begin.elapsed() >= Duration::from_millis(20));
        assert!(begin.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn work_that_ends_is_waited_for() {
        let begin = Instant::now();
        in_child(Duration::from_secs(60), || {
            std::thread::sleep(Duration::from_millis(20))
        });
        assert!(begin.elapsed() >= Duration::from_millis(20));
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}
