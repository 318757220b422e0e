// SPDX-License-Identifier: MIT OR Apache-2.0

//! A host whose n-th primitive fails, for every n and every way to wait:
//! nothing leaks, nothing is freed twice, and the caller learns what it should.

#![cfg(not(loom))]

mod scripted;

use scripted::{Script, Scripted};
use umh_core::errno::Errno;
use umh_core::wait::{Status, Wait};

#[test]
fn whatever_fails_the_call_is_freed_once_and_the_count_is_right() {
    let waits = [
        Wait::NO,
        Wait::EXEC,
        Wait::PROC,
        Wait::EXEC | Wait::KILLABLE,
        Wait::PROC | Wait::KILLABLE,
        Wait::PROC | Wait::FREEZABLE,
    ];
    let mut failures = 0;
    for wait in waits {
        for number in 0.. {
            let host = Scripted::new(Script {
                fail_at: Some(number),
                status: Status::exited(9),
                ..Script::default()
            });
            let result = host.run(Some("/sbin/helper"), wait);
            let failed = host.failed.get();
            let context = format!("{wait:?}: {failed:?} failed");

            assert_eq!(result, expected(failed, wait), "{context}");
            let set_up = usize::from(failed != Some("setup"));
            assert_eq!(host.cleanups.get(), set_up, "{context}");
            assert!(host.inits.get() <= 1, "{context}");
            assert_eq!(host.gate.running(), 0, "{context}");
            assert!(host.jobs.borrow().is_empty(), "{context}");

            if failed.is_none() {
                break;
            }
            failures += 1;
        }
    }
    // setup, queue, spawn or detach, prepare_creds, init, commit_creds,
    // execve; and the wait itself where it can be killed.
    assert_eq!(failures, 6 * 7 + 2);
}

fn expected(failed: Option<&str>, wait: Wait) -> Result<Status, Errno> {
    let early = match failed {
        Some("setup") => Some(Errno::ENOMEM),
        Some("queue") => Some(Errno::EAGAIN),
        Some("wait_killable") => Some(Errno::ERESTARTSYS),
        _ => None,
    };
    if let Some(errno) = early {
        return Err(errno);
    }
    if wait.is_no() {
        return Ok(Status::SUCCESS);
    }
    match failed {
        Some("spawn" | "detach") => Err(Errno::EAGAIN),
        Some("prepare_creds") => Err(Errno::ENOMEM),
        Some("init") => Err(Errno::ENODEV),
        Some("commit_creds") => Err(Errno::EPERM),
        Some("execve") => Err(Errno::ENOENT),
        Some(other) => panic!("{other} may not fail"),
        None if wait.is_proc() => Ok(Status::exited(9)),
        None => Ok(Status::SUCCESS),
    }
}
