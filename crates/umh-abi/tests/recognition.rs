// SPDX-License-Identifier: MIT OR Apache-2.0

//! How calls are told apart: what is tolerated, what is refused, and where
//! two callers look the same.

#![expect(
    clippy::expect_used,
    reason = "a test states its expectations by failing"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use umh_abi::{Block, Caller, Descriptor, Fingerprint, Invocation, Message, Parent};
use umh_abi::{Sink, Unrecognised};

fn invocation<'b>(
    block: &'b mut Block<4096>,
    argv: &[&[u8]],
    envp: &[&[u8]],
    fingerprint: Fingerprint,
) -> Invocation<'b> {
    argv.iter().for_each(|word| block.arg(&[word]));
    envp.iter().for_each(|word| block.env(&[word]));
    let block = &*block;
    let (argv, envp) = (block.argv().expect("fits"), block.envp().expect("fits"));
    Invocation {
        argv,
        envp,
        fingerprint,
    }
}

fn caller(
    argv: &[&[u8]],
    envp: &[&[u8]],
    fingerprint: Fingerprint,
) -> Result<Caller, Unrecognised> {
    let mut block = Block::new();
    Message::parse(&invocation(&mut block, argv, envp, fingerprint)).map(|message| message.caller())
}

/// Words in the order of their list.
type Shape<'a> = &'a [&'a [u8]];

const WITHOUT_TERM: &[&[u8]] = &[b"HOME=/", b"PATH=/sbin:/bin:/usr/sbin:/usr/bin"];
const EXEC: Fingerprint = Fingerprint::EXEC;
const PROC: Fingerprint = Fingerprint::PROC;

#[test]
fn writing_the_program_changes_no_callers_name() {
    let modprobe: &[&[u8]] = &[b"/sbin/poweroff", b"-q", b"--", b"net-pf-9"];
    let env: &[&[u8]] = &[b"HOME=/", b"TERM=linux", b"PATH=/sbin"];
    assert_eq!(caller(modprobe, env, PROC), Ok(Caller::Modprobe));
}

#[test]
fn writing_the_environment_hides_no_call() {
    let three: &[&[u8]] = &[b"LD_PRELOAD=/tmp/x.so", b"TERM=linux", b"PATH=/tmp"];
    let two: &[&[u8]] = &[b"LD_PRELOAD=/tmp/x.so", b"PATH=/tmp"];
    let calls: [(Caller, Shape<'_>, Shape<'_>, Fingerprint); 8] = [
        (Caller::Modprobe, &[b"x", b"-q", b"--", b"m"], three, PROC),
        (Caller::Modprobe, &[b"x", b"-q", b"--", b"m"], three, EXEC),
        (
            Caller::NfsdRecallFailed,
            &[b"x", b"::1", b"sda"],
            three,
            PROC,
        ),
        (
            Caller::NfsCacheGetent,
            &[b"x", b"dns_resolve", b"h"],
            three,
            EXEC,
        ),
        (Caller::Windfarm, &[b"x"], three, EXEC),
        (Caller::Greybus, &[b"x", b"unipro_reset"], two, EXEC),
        (Caller::Poweroff, &[b"/sbin/poweroff"], two, EXEC),
        (Caller::Reboot, &[b"/sbin/reboot"], two, EXEC),
    ];
    for (name, argv, envp, fingerprint) in calls {
        assert_eq!(caller(argv, envp, fingerprint), Ok(name));
    }
}

#[test]
fn poweroff_cmd_looks_like_no_call_of_another_environment() {
    for argv in [
        &[&b"/sbin/modprobe"[..], b"-q", b"--", b"m"][..],
        &[b"/sbin/nfs_cache_getent", b"dns_resolve", b"h"],
        &[b"/system/bin/start", b"unipro_reset"],
        &[b"/sbin/pnpbios", b"dock"],
        &[
            b"/sbin/request-key",
            b"create",
            b"1",
            b"2",
            b"3",
            b"4",
            b"5",
            b"6",
        ],
        &[b"/sbin/hotplug", b"block"],
        &[b"/sbin/reboot", b"-f"],
    ] {
        assert_eq!(caller(argv, WITHOUT_TERM, EXEC), Ok(Caller::Poweroff));
    }
}

#[test]
fn two_settings_of_poweroff_cmd_are_another_call() {
    let path: &[&[u8]] = &[b"/sbin/poweroff", b"/a"];
    assert_eq!(caller(path, WITHOUT_TERM, EXEC), Ok(Caller::ReleaseAgent));
    assert_eq!(
        caller(&[b"/sbin/reboot"], WITHOUT_TERM, EXEC),
        Ok(Caller::Reboot)
    );
}

#[test]
fn one_word_is_five_calls_by_environment_and_parent() {
    let argv: &[&[u8]] = &[b"/sbin/x"];
    let three: &[&[u8]] = &[
        b"HOME=/",
        b"TERM=linux",
        b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
    ];
    assert_eq!(caller(argv, WITHOUT_TERM, EXEC), Ok(Caller::Poweroff));
    assert_eq!(caller(argv, WITHOUT_TERM, PROC), Ok(Caller::Tomoyo));
    assert_eq!(
        caller(argv, &[b"HOME=/", b"PATH=/sbin:/bin"], PROC),
        Ok(Caller::Uvesafb)
    );
    assert_eq!(caller(argv, three, EXEC), Ok(Caller::Windfarm));
    assert_eq!(caller(argv, three, PROC), Err(Unrecognised::NoSuchCall));
    assert_eq!(caller(argv, &[], EXEC), Ok(Caller::Mce));
    assert_eq!(caller(argv, &[], PROC), Err(Unrecognised::NoSuchCall));
}

#[test]
fn a_limit_passed_is_no_call() {
    let client = [b'a'; 2 * 1024 + 2];
    let name = [b'x'; 56];
    for (argv, envp) in [
        (&[&b"x"[..], b"-q", b"--", &name][..], WITHOUT_TERM),
        (&[b"x", b"remove", &client], &[][..]),
        (&[b"x", b"remove", b"abc"], &[]),
        (&[b"x", &name[..16], b"start"], &[]),
        (
            &[b"x", b"create", b"0", b"0", b"0", b"0", b"0", b"1"],
            WITHOUT_TERM,
        ),
        (
            &[b"x", b"create", b"1", b"0", b"0", b"-1", b"0", b"1"],
            WITHOUT_TERM,
        ),
        (
            &[b"x", b"split-brain", b"minor-1048576"],
            &[b"", b"", b"", b"", b""],
        ),
        (&[b"x", b"fence-peer", b"a/b"], &[b"", b"", b"", b"", b""]),
    ] {
        assert_eq!(caller(argv, envp, PROC), Err(Unrecognised::NoSuchCall));
    }
}

#[test]
fn a_person_is_not_the_kernel() {
    let argv: &[&[u8]] = &[b"/sbin/modprobe", b"-q", b"--", b"loop"];
    let person = Fingerprint {
        parent: Parent::Process,
        sessionless: false,
        ..EXEC
    };
    assert_eq!(
        caller(argv, &[b"HOME=/root"], person),
        Err(Unrecognised::NotTheKernel)
    );
    let user = Fingerprint {
        root: false,
        ..EXEC
    };
    assert_eq!(
        caller(argv, &[b"HOME=/"], user),
        Err(Unrecognised::NotTheKernel)
    );
    assert_eq!(caller(&[], &[], EXEC), Err(Unrecognised::NoProgram));
    assert_eq!(caller(&[b""], &[], EXEC), Err(Unrecognised::NoProgram));
}

#[test]
fn linuxrc_needs_no_session_of_the_kernel() {
    let env: &[&[u8]] = &[b"HOME=/", b"TERM=linux"];
    let leader = Fingerprint {
        sessionless: false,
        ..PROC
    };
    assert_eq!(caller(&[b"linuxrc"], env, leader), Ok(Caller::Linuxrc));
    assert_eq!(
        caller(&[b"/linuxrc"], env, leader),
        Err(Unrecognised::NotTheKernel)
    );
    let process = Fingerprint {
        parent: Parent::Process,
        ..leader
    };
    assert_eq!(
        caller(&[b"linuxrc"], env, process),
        Err(Unrecognised::NotTheKernel)
    );
}

#[test]
fn each_caller_has_a_name_of_its_own() {
    for caller in Caller::ALL {
        assert_eq!(Caller::named(caller.name().as_bytes()), Some(*caller));
    }
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"",
        b"/sbin/x",
        b"linuxrc",
        b"/sbin/reboot",
        b"-q",
        b"--",
        b"-K",
        b"-u",
        b"-s",
        b"-p",
        b"-m",
        b"create",
        b"remove",
        b"check",
        b"init",
        b"gracedone",
        b"start",
        b"stop",
        b"dock",
        b"unipro_reset",
        b"dns_resolve",
        b"split-brain",
        b"fence-peer",
        b"minor-3",
        b"0",
        b"17",
        b"-1",
        b"ab",
        b"/a/b",
        b"::1",
        b"block",
        b"br0",
        b"intclk,extmodem,fclk=19666000,bps=9600,divider=128,loopback,extstat",
    ];
    prop_oneof![8 => select(known).prop_map(Vec::from), 1 => vec(1u8.., 0..20)]
}

fn variable() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"",
        b"HOME=/",
        b"TERM=linux",
        b"PATH=/sbin:/bin",
        b"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
        b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
        b"ACTION=add",
        b"ACTION=unbind",
        b"DEVPATH=/x",
        b"SUBSYSTEM=block",
        b"MODALIAS=pci:x",
        b"SEQNUM=5",
        b"DOCK=1/2f/3",
        b"NFSDCLTRACK_GRACE_START=5",
        b"NFSDCLTRACK_CLIENT_HAS_SESSION=Y",
        b"NFSDCLTRACK_LEGACY_RECDIR=/x",
        b"NFSDCLTRACK_LEGACY_TOPDIR=/x",
        b"DRBD_PEER_AF=ipv4",
        b"DRBD_PEER_ADDRESS=192.0.2.1",
    ];
    prop_oneof![12 => select(known).prop_map(Vec::from), 1 => vec(1u8.., 0..20)]
}

fn environment() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let known: Vec<&[&[u8]]> = vec![
        &[],
        WITHOUT_TERM,
        &[
            b"HOME=/",
            b"TERM=linux",
            b"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
        ],
        &[b"HOME=/", b"TERM=linux", b"PATH=/x", b"", b""],
        &[b"HOME=/", b"PATH=/x", b"ACTION=remove", b"DOCK=0/0/0"],
        &[
            b"ACTION=add",
            b"DEVPATH=/x",
            b"SUBSYSTEM=block",
            b"SEQNUM=1",
            b"HOME=/",
            b"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
        ],
    ];
    let known = select(known).prop_map(|words| words.iter().map(|word| word.to_vec()).collect());
    prop_oneof![known, vec(variable(), 0..7)]
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    let parent = [
        Parent::Kthreadd,
        Parent::Kworker,
        Parent::Unknown,
        Parent::Process,
    ];
    let state = || {
        let states = vec![Descriptor::Closed, Descriptor::Pipe, Descriptor::Other];
        prop_oneof![4 => Just(Descriptor::Closed), 1 => select(states)]
    };
    let mostly = |value| prop_oneof![6 => Just(value), 1 => any::<bool>()];
    (
        select(parent.to_vec()),
        mostly(true),
        mostly(true),
        state(),
        state(),
        mostly(false),
        any::<bool>(),
    )
        .prop_map(
            |(parent, sessionless, root, stdin, pidfd, other_fds, core_limit_one)| Fingerprint {
                parent,
                sessionless,
                root,
                stdin,
                pidfd,
                other_fds,
                core_limit_one,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn whatever_is_recognised_is_a_call_of_the_kernel(
        argv in vec(word(), 0..9),
        envp in environment(),
        fingerprint in fingerprint(),
    ) {
        let argv: Vec<_> = argv.iter().map(Vec::as_slice).collect();
        let envp: Vec<_> = envp.iter().map(Vec::as_slice).collect();
        let mut block = Block::new();
        let Ok(message) = Message::parse(&invocation(&mut block, &argv, &envp, fingerprint)) else {
            return Ok(());
        };
        let mut canonical = Block::<4096>::new();
        let canonical = message.write_to(&mut canonical).expect("no longer than it was");
        let again = Message::parse(&canonical).expect("the kernel's own form");
        // With the environment rebuilt, an overlap may come out.
        let overlap = message.caller() == Caller::Poweroff && again.caller() == Caller::ReleaseAgent;
        prop_assert!(again == message || overlap, "{message:?} became {again:?}");
    }
}
