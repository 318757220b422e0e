// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a call leaves behind in its caller: nothing. One test, because it
//! counts what the whole process has open.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

mod shell;

use std::io::{Read as _, Write as _};
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use shell::sh;
use umh::{Cancel, Command, Umh, Wait};

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Every way that a call can take.
fn calls(umh: &Umh) {
    let missing = || Command::new("/nowhere");
    let cancelled = Cancel::new();
    cancelled.cancel();
    for wait in [Wait::NO, Wait::EXEC, Wait::PROC] {
        let _ = sh("exit 0").exec(umh, wait);
        let _ = missing().exec(umh, wait);
        let _ = sh("exit 0").cancel(&cancelled).exec(umh, wait);
        let (command, _stdin) = sh("exit 0").stdin_pipe().unwrap();
        let _ = command.exec(umh, wait);
    }
    let _ = sh("echo").output(umh);
    let _ = missing().output(umh);
    drop(missing().stdin_pipe());
}

#[test]
fn a_call_leaves_no_descriptor_open_and_no_other_program_has_its_pipes() {
    let umh = Umh::new();
    // The reaper's stays; a helper's goes when it has ended.
    let before = open_descriptors() + 1;
    for _ in 0..20 {
        calls(&umh);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while open_descriptors() > before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(open_descriptors(), before);

    // Programs that others start meanwhile would keep a pipe open that they had.
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let sleeps = (0..50).map(|_| {
                let mut sleep = process::Command::new("/bin/sleep");
                sleep.arg("600").stdin(Stdio::null()).spawn().unwrap()
            });
            sleeps.collect::<Vec<_>>()
        });
        let begun = Instant::now();
        for _ in 0..20 {
            let (command, mut stdout) = Command::new("/bin/cat").pipe_from(1).unwrap();
            let (command, mut stdin) = command.stdin_pipe().unwrap();
            command.exec(&umh, Wait::EXEC).unwrap();
            stdin.write_all(b"x").unwrap();
            drop(stdin);
            let mut seen = Vec::new();
            stdout.read_to_end(&mut seen).unwrap();
            assert_eq!(seen, b"x");
        }
        assert!(begun.elapsed() < Duration::from_secs(300));
        for mut sleep in others.join().unwrap() {
            sleep.kill().unwrap();
            sleep.wait().unwrap();
        }
    });
}
