// SPDX-License-Identifier: MIT OR Apache-2.0

//! The calls of tasks: the same results, the same ends of waits.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

mod rows;
mod shell;

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shell::sh;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};
use umh::tokio::{Umh, pipe_from, stdin_pipe};
use umh::{Cancel, Command, Errno, Stage, Status, Wait};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

#[test]
fn every_row_of_the_table_holds() {
    for (what, umh, command, outcomes) in rows::ROWS {
        for (wait, outcome) in rows::WAITS.into_iter().zip(outcomes) {
            let cleanups = Arc::new(AtomicUsize::new(0));
            let counted = cleanups.clone();
            let command = command().cleanup(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            let umh = Umh::from(umh());
            let result = block_on(umh.exec(command, wait));
            let result = result.map_err(|error| (error.stage, error.errno));
            assert_eq!(result, *outcome, "{what}, {wait:?}");
            assert_eq!(umh.running(), 0, "{what}, {wait:?}");
            rows::await_one(&cleanups, &format!("{what}, {wait:?}"));
        }
    }
}

/// A helper that says "on" when it is told to go on, and how often its call
/// was freed.
fn patient() -> (
    Command,
    std::io::PipeWriter,
    std::io::PipeReader,
    Arc<AtomicUsize>,
) {
    let (command, done) = sh("read go && echo on").pipe_from(1).unwrap();
    let (command, go) = command.stdin_pipe().unwrap();
    let cleanups = Arc::new(AtomicUsize::new(0));
    let counted = cleanups.clone();
    let command = command.cleanup(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    (command, go, done, cleanups)
}

/// It goes on alone, and its call is freed when it ends and not before.
fn goes_on(mut go: std::io::PipeWriter, mut done: std::io::PipeReader, cleanups: &AtomicUsize) {
    assert_eq!(cleanups.load(Ordering::SeqCst), 0);
    std::io::Write::write_all(&mut go, b"go\n").unwrap();
    let mut text = String::new();
    done.read_to_string(&mut text).unwrap();
    assert_eq!(text, "on\n");
    rows::await_one(cleanups, "a helper that went on");
}

#[test]
fn a_cancelled_task_leaves_and_its_helper_goes_on() {
    let (command, go, done, cleanups) = patient();
    let (umh, cancel) = (Umh::new(), Cancel::new());
    let error = block_on(async {
        let command = command.cancel(&cancel);
        let later = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            later.cancel();
        });
        umh.exec(command, Wait::PROC).await.unwrap_err()
    });
    assert_eq!(
        (error.stage, error.errno),
        (Stage::Wait, Errno::ERESTARTSYS)
    );
    assert_eq!(umh.running(), 0, "it is not counted any more");
    goes_on(go, done, &cleanups);
}

#[test]
fn a_task_waits_no_longer_than_it_says() {
    let (command, go, done, cleanups) = patient();
    let umh = Umh::new();
    let begun = Instant::now();
    let command = command.timeout(Duration::from_millis(30));
    let error = block_on(umh.exec(command, Wait::PROC)).unwrap_err();
    assert_eq!((error.stage, error.errno), (Stage::Wait, Errno::ETIMEDOUT));
    assert!(begun.elapsed() < Duration::from_secs(10));
    goes_on(go, done, &cleanups);
}

#[test]
fn a_future_that_is_dropped_leaves_its_helper_alone() {
    // At each of its steps: when it was just polled, and when the helper runs.
    for patience in [0, 50] {
        let (command, go, done, cleanups) = patient();
        let umh = Umh::new();
        block_on(async {
            let exec = umh.exec(command, Wait::PROC);
            let ended = timeout(Duration::from_millis(patience), exec).await;
            assert!(ended.is_err(), "it cannot have ended");
        });
        assert_eq!(umh.running(), 0, "it is not counted any more");
        goes_on(go, done, &cleanups);
    }
}

#[test]
fn a_helper_is_written_to_and_read_from() {
    let seen = block_on(async {
        let (command, mut stdout) = pipe_from(Command::new("/bin/cat"), 1).unwrap();
        let (command, mut stdin) = stdin_pipe(command).unwrap();
        let umh = Umh::new();
        umh.exec(command, Wait::EXEC).await.unwrap();
        stdin.write_all(b"a core\0").await.unwrap();
        drop(stdin);
        let mut seen = Vec::new();
        stdout.read_to_end(&mut seen).await.unwrap();
        seen
    });
    assert_eq!(seen, b"a core\0");
}

#[test]
fn output_is_both_pipes_and_the_end() {
    let large = "head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2; exit 4";
    let output = block_on(Umh::new().output(sh(large))).unwrap();
    assert_eq!(output.status, Status::exited(4));
    assert_eq!(
        (output.stdout.len(), output.stderr.len()),
        (200_000, 200_000)
    );
    let missing = block_on(Umh::new().output(Command::new("/nowhere")));
    assert_eq!(missing.unwrap_err().stage, Stage::Exec);
}

#[test]
fn one_thread_waits_for_many() {
    let umh = Umh::from(umh::Umh::builder().workers(2).build());
    let begun = Instant::now();
    block_on(async {
        let helpers: Vec<_> = (0..32u8)
            .map(|number| {
                let umh = umh.clone();
                let script = format!("sleep 1; exit {number}");
                tokio::spawn(async move { umh.exec(sh(&script), Wait::PROC).await })
            })
            .collect();
        for (number, helper) in (0..).zip(helpers) {
            assert_eq!(helper.await.unwrap(), Ok(Status::exited(number)));
        }
    });
    // A worker starts a helper, and is free again.
    assert!(begun.elapsed() < Duration::from_secs(12));
}

#[test]
fn freezing_waits_for_tasks_inside() {
    let umh = Umh::new();
    block_on(async {
        let task = {
            let umh = umh.clone();
            tokio::spawn(async move { umh.exec(sh("sleep 0.3"), Wait::PROC).await })
        };
        while umh.running() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        umh.freeze().await.unwrap();
        assert_eq!(umh.running(), 0);
        assert_eq!(task.await.unwrap(), Ok(Status::SUCCESS));
        assert_eq!(umh.keep_open().await.err(), Some(Errno::EAGAIN));
        umh.thaw();

        // Held across a wait, wherever the task goes on.
        let open = umh.keep_open().await.unwrap();
        let freezing = {
            let umh = umh.clone();
            tokio::spawn(async move { umh.freeze().await })
        };
        sleep(Duration::from_millis(30)).await;
        assert!(!freezing.is_finished());
        drop(open);
        freezing.await.unwrap().unwrap();
    });
}

#[test]
fn a_module_is_asked_for_as_the_kernel_does() {
    let modprobe = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helpers/modprobe");
    let umh = Umh::from(umh::Umh::builder().modprobe(modprobe).build());
    block_on(async {
        assert_eq!(
            umh.request_module("net-pf-9", true).await,
            Ok(Status::SUCCESS)
        );
        assert_eq!(
            umh.request_module("nope", true).await,
            Ok(Status::exited(1))
        );
    });
}

#[cfg(feature = "firmware")]
#[test]
fn firmware_is_looked_for_in_a_worker() {
    use umh::firmware::{Loader, Options};
    let umh = Umh::new();
    let loader = Loader::builder(&umh)
        .built_in("x", *b"code")
        .root("/nowhere");
    let loader = Arc::new(loader.build());
    block_on(async {
        let request = |name| umh::tokio::request(&loader, name, Options::NOWAIT_UEVENT);
        assert_eq!(*request("x").await.unwrap(), *b"code");
        assert_eq!(request("y").await, Err(Errno::ENOENT));
    });
}
