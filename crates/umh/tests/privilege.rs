// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a helper may, and where it is: namespaces, capabilities, keys.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

mod shell;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use shell::{again, says, sh};
use umh::{CapSet, Capabilities, Command, Errno, Key, Stage, Umh, UnshareFlags, Wait, Which};

/// linux/capability.h
const CAP_CHOWN: CapSet = CapSet::from_bits(1 << 0);
const CAP_NET_BIND_SERVICE: CapSet = CapSet::from_bits(1 << 10);

/// Whether the test can say anything.
#[expect(clippy::print_stdout, reason = "says what was not tested")]
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: needs root");
    }
    root
}

/// A line of `/proc/self/status` of a helper, as a number.
fn set(command: Command, name: &str) -> u64 {
    let status = says(command.arg("/proc/self/status"));
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    u64::from_str_radix(line.unwrap().trim_start_matches(':').trim(), 16).unwrap()
}

fn cat() -> Command {
    Command::new("/bin/cat")
}

#[test]
fn capabilities_are_those_that_are_asked_for() {
    if !is_root() {
        return;
    }
    let capabilities = Capabilities {
        bounding: Some(CAP_CHOWN),
        ..Capabilities::KERNEL
    };
    let limited = || cat().capabilities(capabilities);
    assert_eq!(set(limited(), "CapBnd"), CAP_CHOWN.bits());
    assert_eq!(set(limited(), "CapPrm"), CAP_CHOWN.bits());
    let inheritable = Capabilities {
        inheritable: Some(CAP_CHOWN),
        ..Capabilities::default()
    };
    let inheriting = || cat().capabilities(inheritable);
    assert_eq!(set(inheriting(), "CapInh"), CAP_CHOWN.bits());
    assert_eq!(set(inheriting(), "CapAmb"), 0);
}

#[test]
fn what_the_caller_has_ambient_stays_unless_the_kernels_way_is_asked_for() {
    let name = "what_the_caller_has_ambient_stays_unless_the_kernels_way_is_asked_for";
    let Some(_) = again(name) else {
        assert_eq!(set(cat(), "CapAmb"), CAP_NET_BIND_SERVICE.bits());
        let kernels = || cat().capabilities(Capabilities::KERNEL);
        assert_eq!(set(kernels(), "CapAmb"), 0);
        assert_eq!(set(kernels(), "CapInh"), 0);
        return;
    };
    if !is_root() {
        return;
    }
    let ambient = Capabilities {
        ambient: Some(CAP_NET_BIND_SERVICE),
        ..Capabilities::default()
    };
    let ourselves = Command::new(std::env::current_exe().unwrap());
    let ourselves = ourselves.args(["--exact", name]).capabilities(ambient);
    let said = says(ourselves.env("UMH_TEST_AGAIN", "1"));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn no_call_gets_beyond_the_engines_bounds() {
    if !is_root() {
        return;
    }
    let umh = Umh::new();
    umh.narrow(Which::Inheritable, CAP_CHOWN);
    let both = CapSet::from_bits(CAP_CHOWN.bits() | CAP_NET_BIND_SERVICE.bits());
    let wide = Capabilities {
        inheritable: Some(both),
        ambient: Some(both),
        ..Capabilities::default()
    };
    let grep = sh("grep -E 'CapInh|CapAmb' /proc/self/status").capabilities(wide);
    let output = grep.output(&umh).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let sets: Vec<_> = text.split_ascii_whitespace().skip(1).step_by(2).collect();
    assert_eq!(sets, ["0000000000000001"; 2]);
}

#[test]
fn the_program_is_opened_with_what_is_effective() {
    if !is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("true");
    fs::copy("/bin/true", &program).unwrap();
    chown(directory.path(), Some(65534), Some(65534)).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    let umh = Umh::new();
    let command = || Command::new(&program);
    assert!(command().exec(&umh, Wait::PROC).is_ok());

    let nothing = Capabilities {
        effective: Some(CapSet::EMPTY),
        ..Capabilities::default()
    };
    let command = command().capabilities(nothing);
    let error = command.exec(&umh, Wait::PROC).unwrap_err();
    assert_eq!((error.stage, error.errno), (Stage::Exec, Errno::EACCES));
}

#[test]
fn capabilities_that_cannot_be_had_are_an_error_that_says_so() {
    let impossible = Capabilities {
        effective: Some(CapSet::EMPTY),
        ambient: Some(CapSet::FULL),
        ..Capabilities::default()
    };
    let command = sh("exit 0").capabilities(impossible);
    let error = command.exec(&Umh::new(), Wait::EXEC).unwrap_err();
    assert_eq!(
        (error.stage, error.errno),
        (Stage::Capabilities, Errno::EPERM)
    );
}

#[test]
fn only_namespaces_are_unshared() {
    let command = sh("exit 0").unshare(UnshareFlags::FILES);
    let error = command.exec(&Umh::new(), Wait::EXEC).unwrap_err();
    assert_eq!((error.stage, error.errno), (Stage::Unshare, Errno::EINVAL));
}

#[test]
fn who_shares_memory_enters_no_time_namespace() {
    let ours = File::open("/proc/self/ns/time").unwrap();
    let error = sh("exit 0").enter(ours).exec(&Umh::new(), Wait::EXEC);
    let error = error.unwrap_err();
    assert_eq!(error.stage, Stage::Enter);
    assert_eq!(Some(error.errno), Errno::new(87), "EUSERS");
}

#[test]
fn a_namespace_is_new() {
    if !is_root() {
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
    if !is_root() {
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
