// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a helper finds: nothing of its caller's but what was asked for.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

use std::fs::File;
use std::io::{Read as _, Write as _};

use rustix::fs::Mode;
use rustix::process::{Resource, umask};
use umh::{CapSet, Command, Errno, Key, Stage, Status, Umh, UnshareFlags, Wait, Which};

fn sh(script: &str) -> Command {
    Command::new("/bin/sh").args(["-c", script])
}

/// What a script writes, which must succeed.
fn says(command: Command) -> String {
    let output = command.output(&Umh::new()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status, Status::SUCCESS, "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_is_inherited_that_was_not_asked_for() {
    let leaky = File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leaky, rustix::io::FdFlags::empty()).unwrap();
    umask(Mode::from_raw_mode(0o077));

    // No shell: it has descriptors and signals of its own.
    let cat = |path| says(Command::new("/bin/cat").arg(path));
    let status = cat("/proc/self/status");
    for line in ["Umask:\t0022", "SigBlk:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    for line in ["SigIgn:\t0000000000000000", "SigCgt:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    // PID (cat) R PPID PGRP SESSION TTY
    let stat = cat("/proc/self/stat");
    let stat: Vec<_> = stat.split(' ').collect();
    assert_eq!((stat[4], stat[5], stat[6]), (stat[0], stat[0], "0"));
    assert_eq!(cat("/proc/self/environ"), "");
    assert_eq!(says(Command::new("/bin/pwd")), "/\n");
    // 3 is the directory that `ls` reads.
    let descriptors = says(Command::new("/bin/ls").arg("/proc/self/fd"));
    assert_eq!(descriptors, "0\n1\n2\n3\n");
}

#[test]
fn a_helper_is_scheduled_as_usual_whatever_its_caller_is() {
    // The test itself once more, as a batch process.
    const INNER: &str = "UMH_TEST_BATCH";
    let policy = |stat: &str| stat.rsplit(' ').nth(11).map(str::to_owned);
    if std::env::var_os(INNER).is_some() {
        let ours = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        assert_eq!(policy(&ours).unwrap(), "3");
        let stat = says(Command::new("/bin/cat").arg("/proc/self/stat"));
        assert_eq!(policy(&stat).unwrap(), "0");
        return;
    }
    let ourselves = std::env::current_exe().unwrap();
    let said = says(
        Command::new("/usr/bin/chrt")
            .args(["-b", "0"])
            .arg(ourselves)
            .args([
                "--exact",
                "a_helper_is_scheduled_as_usual_whatever_its_caller_is",
            ])
            .env(INNER, "1"),
    );
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn the_environment_is_exactly_what_was_said() {
    let seen = says(
        Command::new("/usr/bin/env")
            .env("A", "1")
            .envs([("B", "2")]),
    );
    assert_eq!(seen, "A=1\nB=2\n");
}

#[test]
fn word_zero_can_be_another() {
    assert_eq!(says(sh("echo $0").arg0("x").arg("other")), "other\n");
    let seen = says(
        Command::new("/bin/cat")
            .arg0("mouse")
            .arg("/proc/self/comm"),
    );
    assert_eq!(seen, "cat\n");
}

#[test]
fn a_pipe_carries_what_the_caller_writes() {
    let umh = Umh::new();
    let (command, mut stdout) = Command::new("/bin/cat").pipe_from(1).unwrap();
    let (command, mut stdin) = command.stdin_pipe().unwrap();
    command.exec(&umh, Wait::EXEC).unwrap();
    stdin.write_all(b"a core\0").unwrap();
    drop(stdin);
    let mut seen = Vec::new();
    stdout.read_to_end(&mut seen).unwrap();
    assert_eq!(seen, b"a core\0");
}

#[test]
fn files_come_to_their_places_whatever_numbers_they_had() {
    let directory = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = directory.path().join(text);
        std::fs::write(&path, text).unwrap();
        File::open(path).unwrap()
    };
    let (three, four, forty) = (file("three"), file("four"), file("forty"));
    let seen = says(
        sh("cat <&4; echo; cat <&3; echo; cat /dev/fd/40; echo; ls /proc/$$/fd | tr '\\n' ' '")
            .descriptor(4, four)
            .descriptor(40, forty)
            .descriptor(3, three)
            .closed(0),
    );
    assert_eq!(seen, "four\nthree\nforty\n1 2 3 4 40 ");
}

#[test]
fn limits_directory_and_no_new_privs_are_steps() {
    let seen = says(
        sh("ulimit -n; pwd; grep NoNewPrivs /proc/self/status")
            .limit(Resource::Nofile, Some(99), Some(99))
            .directory("/usr")
            .no_new_privs(),
    );
    assert_eq!(seen, "99\n/usr\nNoNewPrivs:\t1\n");
}

#[test]
fn a_limit_below_what_the_caller_has_open_leaves_room_for_the_descriptors() {
    let _open: Vec<_> = (0..40).map(|_| File::open("/dev/null").unwrap()).collect();
    let limited = sh("ulimit -n").limit(Resource::Nofile, Some(20), Some(20));
    assert_eq!(says(limited), "20\n");
}

#[test]
fn a_step_that_fails_is_named() {
    let umh = Umh::new();
    let error = sh("exit 0")
        .no_new_privs()
        .root("/nowhere")
        .exec(&umh, Wait::EXEC)
        .unwrap_err();
    assert_eq!(error.stage, Stage::Root);
    let text = error.to_string();
    assert!(
        text.starts_with("/bin/sh: cannot change the root directory: "),
        "{text}"
    );
}

#[test]
fn another_root_directory_needs_nothing_in_it_but_the_program() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: chroot(2) needs root");
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let error = sh("exit 0")
        .root(empty.path())
        .exec(&Umh::new(), Wait::EXEC)
        .unwrap_err();
    assert_eq!((error.stage, error.errno), (Stage::Exec, Errno::ENOENT));
}

#[test]
fn a_namespace_is_new() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: unshare(2) of a UTS namespace needs root");
        return;
    }
    let ours = std::fs::read_link("/proc/self/ns/uts").unwrap();
    let umh = Umh::new();
    let theirs = Command::new("/bin/readlink")
        .arg("/proc/self/ns/uts")
        .unshare(UnshareFlags::NEWUTS)
        .output(&umh);
    match theirs {
        Ok(theirs) => assert_ne!(
            theirs.stdout.trim_ascii(),
            ours.as_os_str().as_encoded_bytes()
        ),
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn bounds_shrink_what_a_helper_may() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: the bounding set is root's to shrink");
        return;
    }
    let umh = Umh::new();
    umh.narrow(Which::Bset, CapSet::from_bits(!1));
    let output = sh("grep CapBnd /proc/self/status").output(&umh);
    match output {
        Ok(output) => {
            let line = String::from_utf8(output.stdout).unwrap();
            let bits = line.trim().rsplit('\t').next().unwrap();
            assert_eq!(u64::from_str_radix(bits, 16).unwrap() & 1, 0, "{line}");
        }
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn a_helper_has_a_session_keyring_of_its_own() {
    let umh = Umh::new();
    let key = Key {
        kind: c"user".into(),
        description: c"umh:test".into(),
        payload: b"secret".into(),
    };
    let command = sh("grep -c umh:test /proc/keys").session_keyring().key(key);
    match command.output(&umh) {
        Ok(output) => assert_eq!(output.stdout, b"1\n"),
        // Sandboxes forbid keyctl(2).
        Err(error) => {
            assert!(
                matches!(error.stage, Stage::Keyring | Stage::Key),
                "{error}"
            );
            println!("skipped: {error}");
        }
    }
}
