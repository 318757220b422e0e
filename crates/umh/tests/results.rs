// SPDX-License-Identifier: MIT OR Apache-2.0

//! What comes of a call: the table of `umh_core::exec`, with real processes.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod rows;
mod shell;

use rows::{ROWS, WAITS, ZERO, await_one};
use shell::sh;
use umh::{Cancel, Command, Errno, Stage, Status, Umh, Wait};

#[test]
fn every_row_of_the_table_holds() {
    for (what, umh, command, outcomes) in ROWS {
        for (wait, outcome) in WAITS.into_iter().zip(outcomes) {
            // By way of the caller's own thread, and of a worker.
            for wait in [wait, wait | Wait::KILLABLE] {
                if *outcome == ZERO && outcomes[1] != ZERO && wait == Wait::KILLABLE {
                    // NO_WAIT with a flag is WAIT_EXEC.
                    continue;
                }
                let cleanups = Arc::new(AtomicUsize::new(0));
                let counted = cleanups.clone();
                let command = command().cleanup(move || {
                    counted.fetch_add(1, Ordering::SeqCst);
                });
                let umh = umh();
                let result = command.exec(&umh, wait);
                let result = result.map_err(|error| (error.stage, error.errno));
                assert_eq!(result, *outcome, "{what}, {wait:?}");
                assert_eq!(umh.running(), 0, "{what}, {wait:?}");
                await_one(&cleanups, &format!("{what}, {wait:?}"));
            }
        }
    }
}

#[test]
fn a_cancelled_caller_leaves_and_its_helper_goes_on() {
    let cancel = Cancel::new();
    let umh = Umh::new();
    let (command, mut done) = sh("read go && echo on").pipe_from(1).unwrap();
    let (command, go) = command.stdin_pipe().unwrap();
    let result = std::thread::scope(|scope| {
        let caller = scope.spawn(|| command.cancel(&cancel).exec(&umh, Wait::PROC));
        while umh.running() == 0 {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(20));
        cancel.cancel();
        caller.join().unwrap()
    });
    let error = result.unwrap_err();
    assert_eq!(
        (error.stage, error.errno),
        (Stage::Wait, Errno::ERESTARTSYS)
    );
    assert_eq!(umh.running(), 0, "it is not counted any more");

    use std::io::{Read as _, Write as _};
    (&go).write_all(b"go\n").unwrap();
    let mut text = String::new();
    done.read_to_string(&mut text).unwrap();
    assert_eq!(text, "on\n");
}

#[test]
fn a_caller_waits_no_longer_than_it_says() {
    let umh = Umh::new();
    let begun = Instant::now();
    let sleep = Command::new("/bin/sleep").arg("2");
    let error = sleep
        .timeout(Duration::from_millis(30))
        .exec(&umh, Wait::PROC);
    let error = error.unwrap_err();
    assert_eq!((error.stage, error.errno), (Stage::Wait, Errno::ETIMEDOUT));
    assert!(begun.elapsed() < Duration::from_secs(2));

    let sleep = Command::new("/bin/sleep").arg("20");
    let error = sleep.timeout(Duration::from_millis(30)).output(&umh);
    assert_eq!(error.unwrap_err().errno, Errno::ETIMEDOUT);
    assert!(begun.elapsed() < Duration::from_secs(15), "nor for output");
    let quick = sh("exit 4")
        .timeout(Duration::from_secs(60))
        .exec(&umh, Wait::PROC);
    assert_eq!(quick, Ok(Status::exited(4)));
}

#[test]
fn freezing_waits_for_callers_inside_and_not_for_helpers_alone() {
    let umh = Umh::new();
    Command::new("/bin/sleep")
        .arg("2")
        .exec(&umh, Wait::EXEC)
        .unwrap();
    let begun = Instant::now();
    umh.freeze().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    umh.thaw();

    // A caller that is counted may still find the gate closed: this one is past
    // it when its helper runs.
    let (command, mut inside) = sh("echo; sleep 0.3").pipe_from(1).unwrap();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| command.exec(&umh, Wait::PROC));
        std::io::Read::read_exact(&mut inside, &mut [0]).unwrap();
        umh.freeze().unwrap();
        assert_eq!(umh.running(), 0);
        assert_eq!(caller.join().unwrap(), Ok(Status::SUCCESS));
    });
    assert_eq!(umh.keep_open().err(), Some(Errno::EAGAIN));
    assert!(umh.keep_open_within(Duration::from_millis(5)).is_none());
    umh.thaw();
    assert!(umh.keep_open().is_ok());
}

#[test]
fn many_helpers_at_once_all_come_back() {
    let umh = Umh::builder().workers(8).build();
    std::thread::scope(|scope| {
        for number in 0..32u8 {
            let umh = &umh;
            scope.spawn(move || {
                let script = format!("exit {number}");
                let status = sh(&script).exec(umh, Wait::PROC | Wait::KILLABLE);
                assert_eq!(status, Ok(Status::exited(number)));
            });
        }
    });
}

#[test]
fn a_helper_that_nobody_waits_for_leaves_no_zombie() {
    let umh = Umh::new();
    let (command, mut reader) = sh("echo $$").pipe_from(1).unwrap();
    command.exec(&umh, Wait::NO).unwrap();
    let mut pid = String::new();
    std::io::Read::read_to_string(&mut reader, &mut pid).unwrap();
    let process = format!("/proc/{}", pid.trim());
    let limit = Instant::now() + Duration::from_secs(20);
    while std::fs::exists(&process).unwrap() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!std::fs::exists(&process).unwrap());
}

#[test]
fn a_module_is_asked_for_as_the_kernel_does() {
    // No script is written here: a child of another test might still have it
    // open for writing when it is to run.
    let modprobe = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helpers/modprobe");
    let umh = Umh::builder().modprobe(modprobe).build();
    assert_eq!(umh.request_module("net-pf-9", true), Ok(Status::SUCCESS));
    assert_eq!(umh.request_module("nope", true), Ok(Status::exited(1)));
    assert_eq!(umh.request_module("nope", false), Ok(Status::SUCCESS));
    assert_eq!(
        umh.request_module("n".repeat(56), true),
        Err(Errno::ENAMETOOLONG)
    );

    let off = Umh::builder().modprobe("").build();
    assert_eq!(off.request_module("net-pf-9", true), Err(Errno::ENOENT));
}
