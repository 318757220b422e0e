// SPDX-License-Identifier: MIT OR Apache-2.0

//! What comes of a call: the table of `exec`, row by row.

#![cfg(not(loom))]

mod scripted;

use scripted::{Kill, Script, Scripted};
use umh_core::errno::Errno;
use umh_core::gate::Depth;
use umh_core::wait::{Retval, Status, Wait};

type Outcome = Result<Status, Errno>;
type Row = (
    &'static str,
    fn() -> Scripted,
    Option<&'static str>,
    [Outcome; 3],
);

const ZERO: Outcome = Ok(Status::SUCCESS);
const HELPER: Option<&str> = Some("/sbin/helper");

fn host(script: Script) -> Scripted {
    Scripted::new(script)
}

fn with_depth(depth: Depth) -> Scripted {
    let host = host(Script::default());
    host.set_depth(depth);
    host
}

const ROWS: &[Row] = &[
    (
        "no memory",
        || {
            host(Script {
                fail_at: Some(0),
                ..Script::default()
            })
        },
        HELPER,
        [Err(Errno::ENOMEM); 3],
    ),
    (
        "no path",
        || host(Script::default()),
        None,
        [Err(Errno::EINVAL); 3],
    ),
    (
        "no path comes before disabled",
        || Scripted::closed(Script::default()),
        None,
        [Err(Errno::EINVAL); 3],
    ),
    (
        "nothing has enabled helpers yet",
        || Scripted::closed(Script::default()),
        HELPER,
        [Err(Errno::EBUSY); 3],
    ),
    (
        "freezing",
        || with_depth(Depth::Freezing),
        HELPER,
        [Err(Errno::EBUSY); 3],
    ),
    (
        "disabled comes before the empty path",
        || with_depth(Depth::Disabled),
        Some(""),
        [Err(Errno::EBUSY); 3],
    ),
    (
        "an empty path",
        || host(Script::default()),
        Some(""),
        [ZERO; 3],
    ),
    (
        "an empty configured path",
        || {
            host(Script {
                configured: Some(b""),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO; 3],
    ),
    (
        "a configured path in place of none",
        || {
            host(Script {
                configured: Some(b"/sbin/umh"),
                status: Status::exited(3),
                ..Script::default()
            })
        },
        None,
        [ZERO, ZERO, Ok(Status::exited(3))],
    ),
    (
        "no process",
        || {
            host(Script {
                fail_at: Some(2),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, Err(Errno::EAGAIN), Err(Errno::EAGAIN)],
    ),
    (
        "no credentials",
        || {
            host(Script {
                fail_at: Some(3),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, Err(Errno::ENOMEM), Err(Errno::ENOMEM)],
    ),
    (
        "init says no",
        || {
            host(Script {
                init: Retval::from_raw(-19),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, Err(Errno::ENODEV), Err(Errno::ENODEV)],
    ),
    (
        "init says something above zero",
        || {
            host(Script {
                init: Retval::from_raw(7),
                ..Script::default()
            })
        },
        HELPER,
        [
            ZERO,
            Retval::from_raw(7).into_result(),
            Retval::from_raw(7).into_result(),
        ],
    ),
    (
        "the program cannot be run",
        || {
            host(Script {
                execve: Err(Errno::ENOEXEC),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, Err(Errno::ENOEXEC), Err(Errno::ENOEXEC)],
    ),
    (
        "the program runs and exits with 1",
        || {
            host(Script {
                status: Status::exited(1),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, ZERO, Ok(Status::exited(1))],
    ),
    (
        "the program runs and is killed",
        || {
            host(Script {
                status: Status::killed(11, true),
                ..Script::default()
            })
        },
        HELPER,
        [ZERO, ZERO, Ok(Status::killed(11, true))],
    ),
];

#[test]
fn every_row_of_the_table_holds() {
    for (what, host, path, outcomes) in ROWS {
        for (wait, outcome) in [Wait::NO, Wait::EXEC, Wait::PROC].into_iter().zip(outcomes) {
            let host = host();
            assert_eq!(host.run(*path, wait), *outcome, "{what}, {wait:?}");
            // "No memory" is the one row without anything to clean up.
            let set_up = usize::from(*outcome != Err(Errno::ENOMEM) || host.primitives.get() > 1);
            assert_eq!(host.cleanups.get(), set_up, "{what}, {wait:?}");
            assert_eq!(host.gate.running(), 0, "{what}, {wait:?}");
        }
    }
}

#[test]
fn a_flag_without_a_wait_waits_for_the_start() {
    for flag in [Wait::KILLABLE, Wait::FREEZABLE] {
        let missing = host(Script {
            execve: Err(Errno::ENOENT),
            status: Status::exited(1),
            ..Script::default()
        });
        assert_eq!(missing.run(HELPER, flag), Err(Errno::ENOENT));
        let started = host(Script {
            status: Status::exited(1),
            ..Script::default()
        });
        assert_eq!(started.run(HELPER, flag), ZERO);
    }
}

#[test]
fn a_killed_waiter_leaves_the_freeing_to_the_worker() {
    for wait in [Wait::EXEC, Wait::PROC] {
        let host = host(Script {
            kill: Kill::BeforeTheWorker,
            ..Script::default()
        });
        let call = host.call(HELPER).unwrap();
        let result = umh_core::exec::exec(&host, call, wait | Wait::KILLABLE);
        assert_eq!(result, Err(Errno::ERESTARTSYS));
        // The caller is gone and not counted; its helper has not even started.
        assert_eq!((host.gate.running(), host.cleanups.get()), (0, 0));
        host.settle();
        assert_eq!((host.inits.get(), host.cleanups.get()), (1, 1));
    }
}

#[test]
fn a_waiter_killed_too_late_gets_its_result() {
    let host = host(Script {
        kill: Kill::AfterTheWorker,
        status: Status::exited(4),
        ..Script::default()
    });
    let result = host.run(HELPER, Wait::PROC | Wait::KILLABLE);
    assert_eq!(result, Ok(Status::exited(4)));
    assert_eq!(host.cleanups.get(), 1);
}

#[test]
fn who_cannot_be_killed_is_not() {
    let host = host(Script {
        kill: Kill::BeforeTheWorker,
        ..Script::default()
    });
    assert_eq!(host.run(HELPER, Wait::PROC), ZERO);
}

#[test]
fn the_new_process_becomes_the_helper_in_the_kernels_order() {
    let host = host(Script::default());
    let shrunk = umh_core::caps::CapSet::from_bits(0xff);
    host.bounds
        .write(umh_core::caps::Which::Bset, shrunk, true)
        .unwrap();
    host.run(HELPER, Wait::EXEC).unwrap();
    let steps = [
        "signals",
        "umask 022",
        "nice 0",
        "caps ff 1ffffffffff",
        "init",
        "commit_creds",
        "initramfs",
        "execve",
    ];
    assert_eq!(*host.steps.borrow(), steps);
}

#[test]
fn an_init_that_says_no_aborts_the_credentials() {
    let host = host(Script {
        init: Retval::from_raw(-1),
        ..Script::default()
    });
    host.run(HELPER, Wait::PROC).unwrap_err();
    let steps = host.steps.borrow();
    assert_eq!(steps.last().unwrap(), "abort_creds");
    assert!(!steps.iter().any(|step| step == "execve"));
}

#[test]
fn init_is_skipped_where_there_is_no_process() {
    for (path, depth) in [(Some(""), Depth::Enabled), (HELPER, Depth::Disabled)] {
        let host = with_depth(depth);
        let _ = host.run(path, Wait::PROC);
        assert_eq!((host.inits.get(), host.cleanups.get()), (0, 1));
    }
}
