// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a helper finds: nothing of its caller's but what was asked for.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

mod shell;

use std::fs::File;
use std::io::{Read as _, Write as _};

use rustix::fs::Mode;
use rustix::process::{Resource, umask};
use shell::{again, says, sh};
use umh::{Command, Errno, Stage, Umh, Wait};

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
    // The test itself once more, as a batch process with the disk to itself.
    let policy = |stat: &str| stat.rsplit(' ').nth(11).map(str::to_owned);
    let name = "a_helper_is_scheduled_as_usual_whatever_its_caller_is";
    let Some(outer) = again(name) else {
        let ours = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        assert_eq!(policy(&ours).unwrap(), "3");
        let stat = says(Command::new("/bin/cat").arg("/proc/self/stat"));
        assert_eq!(policy(&stat).unwrap(), "0");
        assert_eq!(says(Command::new("/usr/bin/ionice")), "none: prio 0\n");
        return;
    };
    outer(&[
        "/usr/bin/chrt",
        "-b",
        "0",
        "/usr/bin/ionice",
        "-c",
        "2",
        "-n",
        "7",
    ]);
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
fn the_highest_number_there_is_can_be_a_place() {
    let Some(outer) = again("the_highest_number_there_is_can_be_a_place") else {
        let file = File::open("/dev/zero").unwrap();
        let seen = says(sh("readlink /proc/self/fd/63").descriptor(63, file));
        assert_eq!(seen, "/dev/zero\n");
        return;
    };
    outer(&["/usr/bin/prlimit", "--nofile=64"]);
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
