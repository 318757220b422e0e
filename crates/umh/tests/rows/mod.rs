// SPDX-License-Identifier: MIT OR Apache-2.0

//! The table of `umh_core::exec`: what comes of a call, for every wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use umh::{Command, Errno, Stage, Status, Umh, Wait};

use super::shell::sh;

pub(crate) const WAITS: [Wait; 3] = [Wait::NO, Wait::EXEC, Wait::PROC];

pub(crate) type Outcome = Result<Status, (Stage, Errno)>;

pub(crate) const ZERO: Outcome = Ok(Status::SUCCESS);

fn open() -> Umh {
    Umh::new()
}

fn closed() -> Umh {
    let umh = Umh::new();
    umh.freeze().unwrap();
    umh
}

const fn failing(stage: Stage, errno: Errno) -> [Outcome; 3] {
    [Err((stage, errno)); 3]
}

/// Fails only for those who wait.
const fn unseen(stage: Stage, errno: Errno) -> [Outcome; 3] {
    [ZERO, Err((stage, errno)), Err((stage, errno))]
}

fn missing() -> Command {
    Command::new("/nowhere/helper")
}

fn not_a_program() -> Command {
    Command::new("/etc/passwd")
}

fn init_fails() -> Command {
    sh("exit 0").directory("/nowhere")
}

/// What is special about a call, its engine, the call, and what comes of it
/// for each of [`WAITS`].
type Row = (&'static str, fn() -> Umh, fn() -> Command, [Outcome; 3]);

pub(crate) const ROWS: &[Row] = &[
    (
        "a NUL in a word",
        open,
        || sh("a\0b"),
        failing(Stage::Words, Errno::EINVAL),
    ),
    (
        "frozen",
        closed,
        missing,
        failing(Stage::Gate, Errno::EBUSY),
    ),
    (
        "frozen comes before the empty path",
        closed,
        || Command::new(""),
        failing(Stage::Gate, Errno::EBUSY),
    ),
    ("an empty path", open, || Command::new(""), [ZERO; 3]),
    (
        "an empty configured path",
        || Umh::builder().program("").build(),
        missing,
        [ZERO; 3],
    ),
    (
        "another configured path",
        || Umh::builder().program("/bin/sh").build(),
        || Command::new("/nowhere").args(["-c", "exit 6"]),
        [ZERO, ZERO, Ok(Status::exited(6))],
    ),
    (
        "a step fails",
        open,
        init_fails,
        unseen(Stage::Directory, Errno::ENOENT),
    ),
    (
        "no such program",
        open,
        missing,
        unseen(Stage::Exec, Errno::ENOENT),
    ),
    (
        "no program at all",
        open,
        not_a_program,
        unseen(Stage::Exec, Errno::EACCES),
    ),
    (
        "a script without its interpreter",
        open,
        || {
            Command::new(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/helpers/no-interpreter"
            ))
        },
        unseen(Stage::Exec, Errno::ENOENT),
    ),
    ("exit 0", open, || sh("exit 0"), [ZERO; 3]),
    (
        "exit 7",
        open,
        || sh("exit 7"),
        [ZERO, ZERO, Ok(Status::exited(7))],
    ),
    (
        "death by a signal",
        open,
        || sh("kill -9 $$"),
        [ZERO, ZERO, Ok(Status::killed(9, false))],
    ),
];

/// The cleanup of a call that nobody waits for comes a little later.
pub(crate) fn await_one(cleanups: &AtomicUsize, what: &str) {
    let limit = Instant::now() + Duration::from_secs(20);
    while cleanups.load(Ordering::SeqCst) == 0 && Instant::now() < limit {
        std::thread::yield_now();
    }
    assert_eq!(cleanups.load(Ordering::SeqCst), 1, "{what}");
}
