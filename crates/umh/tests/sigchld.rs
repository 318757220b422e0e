// SPDX-License-Identifier: MIT OR Apache-2.0

//! A caller that ignores SIGCHLD, for whom the kernel keeps no status.

use umh::{Command, Errno, Stage, Status, Umh, Wait};

#[test]
fn who_ignores_sigchld_gets_no_status_but_is_told_what_failed() {
    // This program once more, which inherits what is ignored.
    let ourselves = std::env::current_exe().unwrap();
    let output = Command::new("/usr/bin/env")
        .arg("--ignore-signal=CHLD")
        .arg(ourselves)
        .args(["--ignored", "--exact", "ignoring"])
        .output(&Umh::new())
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status, Status::SUCCESS, "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by the other test, with SIGCHLD ignored"]
fn ignoring() {
    let umh = Umh::new();
    let shell = Command::new("/bin/sh").args(["-c", "exit 3"]);
    let unknown = shell.exec(&umh, Wait::PROC).unwrap_err();
    assert_eq!(Some(unknown.errno), Errno::new(10), "ECHILD");
    let missing = Command::new("/nowhere").exec(&umh, Wait::PROC).unwrap_err();
    assert_eq!((missing.stage, missing.errno), (Stage::Exec, Errno::ENOENT));
}
