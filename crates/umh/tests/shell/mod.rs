// SPDX-License-Identifier: MIT OR Apache-2.0

//! Helpers that are a shell, and a test that runs itself in another context.

#![allow(dead_code, reason = "each test takes what it needs")]

use umh::{Command, Status, Umh};

/// A shell with this script.
pub(crate) fn sh(script: &str) -> Command {
    Command::new("/bin/sh").args(["-c", script])
}

/// What a helper writes, which must succeed.
pub(crate) fn says(command: Command) -> String {
    let output = command.output(&Umh::new()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status, Status::SUCCESS, "{said}{errors}");
    said
}

/// What the test `name` of this program does with the words of a program that
/// runs it again; nothing when it is that run.
pub(crate) fn again(name: &'static str) -> Option<impl Fn(&[&str])> {
    const AGAIN: &str = "UMH_TEST_AGAIN";
    if std::env::var_os(AGAIN).is_some() {
        return None;
    }
    Some(move |words: &[&str]| {
        let ourselves = std::env::current_exe().unwrap();
        let ourselves = ourselves.to_str().unwrap();
        let command = match words {
            [] => Command::new(ourselves),
            [program, words @ ..] => Command::new(program).args(words).arg(ourselves),
        };
        let said = says(command.args(["--exact", name]).env(AGAIN, "1"));
        assert!(said.contains("1 passed"), "{said}");
    })
}
