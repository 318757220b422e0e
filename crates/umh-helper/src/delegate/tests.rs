// SPDX-License-Identifier: MIT OR Apache-2.0

//! Programs run from here find what the kernel's helpers are to find.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use umh_abi::coredump::Coredump;
use umh_abi::modprobe::Modprobe;
use umh_abi::{Block, Fingerprint, Wait, Words};

use super::*;
use crate::policy::Caps;
use crate::policy::rule::{Landlock, Seccomp};
use crate::toml::Strings;

/// Runs `script` with /bin/sh as the answer to `message`; gives how it ended
/// and what it wrote to the file that `$0` names.
fn run(
    script: &str,
    message: Option<&Message<'_>>,
    envp: &[u8],
    rule: Option<&Rule<'_>>,
) -> (std::result::Result<Ending, Failed>, String) {
    let output = tempfile::NamedTempFile::new().unwrap();
    let ending = run_into(output.path(), script, message, envp, rule);
    (ending, fs::read_to_string(output.path()).unwrap())
}

fn run_into(
    output: &Path,
    script: &str,
    message: Option<&Message<'_>>,
    envp: &[u8],
    rule: Option<&Rule<'_>>,
) -> std::result::Result<Ending, Failed> {
    let words = ["sh", "-c", script, output.to_str().unwrap()].map(|word| format!("{word}\0"));
    let words = words.concat();
    let invocation = Invocation {
        argv: Words::new(words.as_bytes()).unwrap(),
        envp: Words::new(envp).unwrap(),
        fingerprint: Fingerprint::PROC,
    };
    let file = Root::System
        .open(b"/bin/sh", OFlags::PATH, Mode::empty())
        .unwrap();
    let program = Program {
        file,
        script: false,
    };
    let path = PathBuffer::new();
    Delegate::new(
        &Root::System,
        program,
        &path,
        b"/bin/sh",
        &invocation,
        message,
        rule,
    )
    .unwrap()
    .supervise()
}

fn exited(status: i32) -> std::result::Result<Ending, Failed> {
    Ok(Ending::Ended(Ended::Exited(status)))
}

const MODPROBE: Message<'_> = Message::Modprobe(Modprobe {
    program: b"/sbin/modprobe",
    name: b"x",
    wait: Wait::Proc,
});

#[test]
fn the_environment_is_three_constants_whatever_came() {
    let hostile = b"LD_PRELOAD=/tmp/x.so\0PATH=/tmp\0GLIBC_TUNABLES=x\0MODPROBE_OPTIONS=-C /tmp\0";
    let (ending, output) = run(
        "tr '\\0' '\\n' < /proc/self/environ > $0",
        Some(&MODPROBE),
        hostile,
        None,
    );
    assert_eq!(ending, exited(0));
    assert_eq!(
        output,
        "HOME=/\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nTERM=linux\n"
    );
}

#[test]
fn a_program_finds_dev_null_and_nothing_else_open() {
    let held = fs::File::open("/").unwrap();
    let script = "ls /proc/self/fd > $0; readlink /proc/self/fd/0 /proc/self/fd/2 >> $0";
    let (ending, output) = run(script, Some(&MODPROBE), b"", None);
    drop(held);
    assert_eq!(ending, exited(0));
    // 3 is the directory that ls reads.
    assert_eq!(output, "0\n1\n2\n3\n/dev/null\n/dev/null\n");
}

/// In a process of its own, because the supervisor gives up descriptor 0.
#[test]
fn a_core_handler_has_the_pipe_for_itself_and_no_environment() {
    const OUTPUT: &str = "UMH_TEST_CORE_HANDLER";
    if let Some(output) = std::env::var_os(OUTPUT) {
        let message = Message::Coredump(Coredump {
            program: b"/core",
            argv: Words::new(b"/core\0").unwrap(),
            pidfd: false,
        });
        let script = "{ head -c 6; tr '\\0' '\\n' < /proc/$$/environ; echo end; } > $0
            exec < /dev/null
            i=0; until [ -e $0.go ] || [ $i = 900 ]; do i=$((i + 1)); sleep 0.05; done";
        assert_eq!(
            run_into(Path::new(&output), script, Some(&message), b"", None),
            exited(0)
        );
        return;
    }

    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("output");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "delegate::tests::a_core_handler_has_the_pipe_for_itself_and_no_environment",
        ])
        .env(OUTPUT, &output)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(b"a core").unwrap();

    // The handler has closed the pipe and still runs: its writer is told.
    let mut polled = [PollFd::new(&pipe, PollFlags::empty())];
    let limit = Timespec {
        tv_sec: 30,
        tv_nsec: 0,
    };
    assert_eq!(
        poll(&mut polled, Some(&limit)),
        Ok(1),
        "someone else holds the pipe"
    );
    assert!(polled[0].revents().contains(PollFlags::ERR));
    assert_eq!(child.try_wait().unwrap(), None);
    assert_eq!(fs::read_to_string(&output).unwrap(), "a coreend\n");
    fs::write(directory.path().join("output.go"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_status_and_a_signal_are_passed_on() {
    assert_eq!(run("exit 3", None, b"", None).0, exited(3));
    assert_eq!(
        run("kill -TERM $$", None, b"", None).0,
        Ok(Ending::Ended(Ended::Killed(15)))
    );
}

#[test]
fn a_program_that_takes_too_long_is_ended() {
    let rule = Rule {
        timeout: Some(1),
        ..Rule::new("modprobe", Caller::Modprobe)
    };
    let (ending, output) = run(
        "echo begun > $0; sleep 60; echo done >> $0",
        Some(&MODPROBE),
        b"",
        Some(&rule),
    );
    assert_eq!((ending, output.as_str()), (Ok(Ending::TimedOut), "begun\n"));
}

#[test]
fn a_script_runs_by_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("script");
    fs::write(
        &script,
        "#!/bin/sh\n[ \"$0\" = \"${0%/*}/script\" ] && exit 5\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = PathBuffer::new();
    assert!(path.push(script.to_str().unwrap().as_bytes()));

    let mut block = Block::<256>::new();
    let invocation = MODPROBE.write_to(&mut block).unwrap();
    let file = Root::System
        .open(path.as_bytes(), OFlags::PATH, Mode::empty())
        .unwrap();
    let program = Program { file, script: true };
    let delegate = Delegate::new(
        &Root::System,
        program,
        &path,
        b"/sbin/x",
        &invocation,
        None,
        None,
    );
    assert_eq!(delegate.unwrap().supervise(), exited(5));
}

#[test]
fn what_cannot_be_executed_says_so() {
    let mut block = Block::<256>::new();
    let invocation = MODPROBE.write_to(&mut block).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let garbage = directory.path().join("garbage");
    fs::write(&garbage, "no format").unwrap();
    fs::set_permissions(&garbage, fs::Permissions::from_mode(0o755)).unwrap();
    let file = Root::System
        .open(
            garbage.to_str().unwrap().as_bytes(),
            OFlags::PATH,
            Mode::empty(),
        )
        .unwrap();
    let path = PathBuffer::new();
    let program = Program {
        file,
        script: false,
    };
    let delegate = Delegate::new(
        &Root::System,
        program,
        &path,
        b"/sbin/x",
        &invocation,
        None,
        None,
    );
    assert_eq!(
        delegate.unwrap().supervise(),
        Err(Failed {
            step: "execve",
            errno: Errno::NOEXEC
        })
    );
}

#[test]
fn a_confined_program_cannot_do_what_its_rule_does_not_give() {
    let rule = Rule {
        no_new_privs: true,
        seccomp: Seccomp::Default,
        landlock: Some(Landlock {
            read: Strings::list(&["/bin", "/lib", "/lib64", "/usr", "/proc", "/nowhere"]),
            write: Strings::list(&["/dev/null", "/tmp", "/var/tmp"]),
        }),
        ..Rule::new("modprobe", Caller::Mce)
    };
    let message = Message::Mce(umh_abi::mce::Mce {
        program: b"/sbin/mce",
    });
    // A file below /etc that everybody may read.
    let script = "grep -E 'NoNewPrivs|Seccomp:' /proc/$$/status > $0; cat /etc/passwd >> $0; unshare -r true; echo $? >> $0";
    let (ending, output) = run(script, Some(&message), b"", Some(&rule));
    assert_eq!(ending, exited(0));
    let passwd = match crate::sys::landlock::version() {
        Ok(_) => String::new(),
        // Left out, with a notice.
        Err(_) => fs::read_to_string("/etc/passwd").unwrap(),
    };
    assert_eq!(output, format!("NoNewPrivs:\t1\nSeccomp:\t2\n{passwd}1\n"));
}

#[test]
fn capabilities_go_where_they_can_be_taken() {
    let (ending, output) = run(CAPABILITIES, Some(&MODPROBE), b"", Some(&SYS_MODULE));
    assert_eq!(ending, exited(0));
    if !Lacking::of(&SYS_MODULE).setpcap {
        for line in output.lines() {
            let set = u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap();
            assert_eq!(set & !Caps::SYS_MODULE.bits(), 0, "{line}");
        }
    }
    assert_eq!(output.lines().count(), 2);
}

/// `kernel.usermodehelper.bset` may take `CAP_SETPCAP` from all helpers.
#[test]
fn a_program_runs_where_capabilities_cannot_be_taken_and_that_is_told() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    // Capabilities are a thread's own.
    let without = std::thread::spawn(|| {
        let mut own = capabilities(None).unwrap();
        own.effective.remove(CapabilitySet::SETPCAP);
        own.permitted.remove(CapabilitySet::SETPCAP);
        set_capabilities(None, own).unwrap();
        let lacking = Lacking::of(&SYS_MODULE).setpcap;
        (
            lacking,
            run(CAPABILITIES, Some(&MODPROBE), b"", Some(&SYS_MODULE)).0,
        )
    });
    assert_eq!(without.join().unwrap(), (true, exited(0)));
}

const CAPABILITIES: &str = "grep -E 'Cap(Prm|Bnd)' /proc/$$/status > $0";

const SYS_MODULE: Rule<'_> = Rule {
    caps: Some(Caps::SYS_MODULE),
    ..Rule::new("modprobe", Caller::Modprobe)
};
