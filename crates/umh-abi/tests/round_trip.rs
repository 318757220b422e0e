// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every call that the kernel can make is read back as what it was: so no
//! caller's message is ever taken for another's, but for the overlaps that
//! `recognition.rs` names.

#![expect(
    clippy::expect_used,
    reason = "a test states its expectations by failing"
)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use umh_abi::baycom_epp::{self, BaycomEpp};
use umh_abi::bridge_stp::{self, BridgeStp};
use umh_abi::coredump::Coredump;
use umh_abi::drbd::{self, Drbd};
use umh_abi::greybus::Greybus;
use umh_abi::linuxrc::Linuxrc;
use umh_abi::mce::Mce;
use umh_abi::modprobe::{self, Modprobe};
use umh_abi::nfs_cache_getent::{self, NfsCacheGetent};
use umh_abi::nfsd_recall_failed::NfsdRecallFailed;
use umh_abi::nfsdcltrack::{self, Nfsdcltrack};
use umh_abi::ocfs2::{self, Ocfs2};
use umh_abi::pnpbios::{self, Pnpbios};
use umh_abi::poweroff::Poweroff;
use umh_abi::reboot::Reboot;
use umh_abi::release_agent::ReleaseAgent;
use umh_abi::request_key::{self, RequestKey};
use umh_abi::tomoyo::Tomoyo;
use umh_abi::uevent::{self, Uevent};
use umh_abi::uvesafb::Uvesafb;
use umh_abi::windfarm::Windfarm;
use umh_abi::{Block, Message, Parent, Wait, Words};

/// Checks one message, also where `/proc` cannot tell a kworker.
fn round_trips(message: Message<'_>) {
    let mut block = Block::<8192>::new();
    let mut invocation = message
        .write_to(&mut block)
        .expect("8192 bytes hold every call");
    assert_eq!(Message::parse(&invocation), Ok(message));
    assert_eq!(invocation.argv.get(0), Some(message.program()));
    if invocation.fingerprint.parent == Parent::Kworker {
        invocation.fingerprint.parent = Parent::Unknown;
        assert_eq!(Message::parse(&invocation), Ok(message));
    }
}

/// Any bytes that may stand in a word.
fn bytes(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(1u8.., length)
}

fn program() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        select(vec![&b"/sbin/modprobe"[..], b"/sbin/reboot", b"/tmp/evil"]).prop_map(Vec::from),
        bytes(1..300),
    ]
}

/// A block of words, as the kernel lays them out.
fn block(words: &[Vec<u8>]) -> Vec<u8> {
    words
        .iter()
        .flat_map(|word| word.iter().copied().chain([0]))
        .collect()
}

fn serial() -> impl Strategy<Value = i32> {
    1..=i32::MAX
}

fn keyring() -> impl Strategy<Value = i32> {
    0..=i32::MAX
}

/// A path that kernfs makes.
fn cgroup() -> impl Strategy<Value = Vec<u8>> {
    let name = bytes(1..20).prop_filter("a name", |name| {
        !name.contains(&b'/') && *name != b"." && *name != b".."
    });
    vec(name, 0..20).prop_map(|names| [b"/", &names.join(&b'/')[..]].concat())
}

fn uevent_keys() -> impl Strategy<Value = Vec<u8>> {
    let value = || bytes(1..20);
    let more = vec(("[A-Z_]{1,12}", value()), 0..20);
    (
        select(uevent::Action::ALL),
        value(),
        value(),
        more,
        0..=i64::MAX,
    )
        .prop_map(|(action, path, subsystem, more, seqnum)| {
            let mut words = vec![
                [b"ACTION=", action.as_bytes()].concat(),
                [b"DEVPATH=/", &path[..]].concat(),
                [b"SUBSYSTEM=", &subsystem[..]].concat(),
            ];
            let more = more
                .iter()
                .map(|(name, value)| [name.as_bytes(), b"=", value].concat());
            words.extend(more.filter(|word| action.keeps(word)));
            words.push(format!("SEQNUM={seqnum}").into_bytes());
            block(&words)
        })
}

fn client() -> impl Strategy<Value = Vec<u8>> {
    vec("[0-9a-f]{2}", 0..=64).prop_map(|digits| digits.concat().into_bytes())
}

fn drbd_peer() -> impl Strategy<Value = Option<(drbd::Family, String)>> {
    option::of((select(drbd::Family::ALL), "[0-9a-f.:]{1,40}"))
}

fn round_trip_of_drbd(
    program: &[u8],
    event: drbd::Event<'_>,
    peer: &Option<(drbd::Family, String)>,
) {
    let peer = peer.as_ref();
    let peer = peer.map(|(family, address)| drbd::Peer {
        family: *family,
        address: address.as_bytes(),
    });
    round_trips(Message::Drbd(Drbd {
        program,
        event,
        peer,
    }));
}

proptest! {
    #[test]
    fn a_core_dump_is_read_back(words in vec(bytes(0..40), 0..30), program in program(), pidfd: bool) {
        let block = [block(std::slice::from_ref(&program)), block(&words)].concat();
        let argv = Words::new(&block).unwrap();
        round_trips(Message::Coredump(Coredump { program: &program, argv, pidfd }));
    }

    #[test]
    fn a_module_request_is_read_back(
        program in program(),
        name in bytes(0..=modprobe::NAME_MAX),
        wait in select(vec![Wait::Proc, Wait::Exec]),
    ) {
        round_trips(Message::Modprobe(Modprobe { program: &program, name: &name, wait }));
    }

    #[test]
    fn a_uevent_is_read_back(program in program(), keys in uevent_keys()) {
        let uevent = Uevent::new(&program, Words::new(&keys).unwrap());
        round_trips(Message::Uevent(uevent.expect("within the limits")));
    }

    #[test]
    fn a_key_request_is_read_back(
        program in program(),
        key in serial(),
        uid: u32,
        gid: u32,
        thread_keyring in keyring(),
        process_keyring in keyring(),
        session_keyring in keyring(),
    ) {
        round_trips(Message::RequestKey(RequestKey {
            program: &program,
            operation: request_key::Operation::Create,
            key,
            uid,
            gid,
            thread_keyring,
            process_keyring,
            session_keyring,
        }));
    }

    #[test]
    fn a_bridges_change_is_read_back(
        program in program(),
        bridge in "[-a-z0-9_]{1,15}",
        operation in select(bridge_stp::Operation::ALL),
    ) {
        let bridge = bridge.as_bytes();
        round_trips(Message::BridgeStp(BridgeStp { program: &program, bridge, operation }));
    }

    #[test]
    fn each_request_of_the_nfs_server_is_read_back(
        program in program(),
        client in client(),
        directory in bytes(0..60),
        session: bool,
        time: i64,
        variables in 0usize..3,
    ) {
        use nfsdcltrack::Command::{Check, Create, GraceDone, Init, Remove};
        let (client, directory) = (&client[..], &directory[..]);
        let first = (variables > 0).then_some(());
        let second = (variables > 1).then_some(());
        for command in [
            Init { grace_start: first.map(|()| time) },
            Create {
                client,
                has_session: first.map(|()| session),
                grace_start: second.map(|()| time),
            },
            Remove { client },
            Check {
                client,
                has_session: first.map(|()| session),
                legacy_recdir: second.map(|()| directory),
            },
            GraceDone { time, legacy_topdir: first.map(|()| directory) },
        ] {
            round_trips(Message::Nfsdcltrack(Nfsdcltrack { program: &program, command }));
        }
    }

    #[test]
    fn a_failed_recall_is_read_back(
        program in program(),
        address in "[0-9]{1,3}\\.[0-9.]{1,12}|[0-9a-f:]{0,30}:[0-9a-f]{0,4}(%[0-9]{1,3})?",
        fs in bytes(0..=31),
    ) {
        let address = address.as_bytes();
        round_trips(Message::NfsdRecallFailed(NfsdRecallFailed { program: &program, address, fs: &fs }));
    }

    #[test]
    fn a_name_to_resolve_is_read_back(program in program(), host in bytes(1..100)) {
        let cache = nfs_cache_getent::Cache::DnsResolve;
        round_trips(Message::NfsCacheGetent(NfsCacheGetent { program: &program, cache, host: &host }));
    }

    #[test]
    fn a_heartbeat_is_read_back(program in program(), group in bytes(1..=ocfs2::GROUP_MAX)) {
        round_trips(Message::Ocfs2(Ocfs2 { program: &program, group: &group }));
    }

    #[test]
    fn an_event_of_a_drbd_device_is_read_back(
        program in program(),
        command in select(drbd::DeviceCommand::ALL),
        minor in 0..=drbd::MINOR_MAX,
        peer in drbd_peer(),
    ) {
        round_trip_of_drbd(&program, drbd::Event::Device { command, minor }, &peer);
    }

    #[test]
    fn an_event_of_a_drbd_connection_is_read_back(
        program in program(),
        command in select(drbd::ConnectionCommand::ALL),
        resource in "[a-z0-9-]{1,127}",
        peer in drbd_peer(),
    ) {
        let resource = resource.as_bytes();
        round_trip_of_drbd(&program, drbd::Event::Connection { command, resource }, &peer);
    }

    #[test]
    fn calls_of_one_word_are_read_back(program in program()) {
        let program = &program[..];
        round_trips(Message::Tomoyo(Tomoyo { program }));
        round_trips(Message::Mce(Mce { program }));
        round_trips(Message::Uvesafb(Uvesafb { program }));
        round_trips(Message::Windfarm(Windfarm { program }));
        round_trips(Message::Greybus(Greybus { program }));
        round_trips(Message::Reboot(Reboot { program: b"/sbin/reboot" }));
    }

    #[test]
    fn a_dock_is_read_back(
        program in program(),
        action in select(pnpbios::Action::ALL),
        (location, serial, capabilities) in any::<(u32, u32, u32)>(),
    ) {
        let dock = pnpbios::Dock { location, serial, capabilities };
        round_trips(Message::Pnpbios(Pnpbios { program: &program, action, dock }));
    }

    #[test]
    fn linuxrc_is_read_back(console: bool, term in bytes(0..20), more in vec(bytes(1..20), 0..32)) {
        let first = vec![b"HOME=/".to_vec(), [b"TERM=", &term[..]].concat()];
        let block = block(&[first, more].concat());
        let envp = Words::new(&block).unwrap();
        round_trips(Message::Linuxrc(Linuxrc { program: b"linuxrc", envp, console }));
    }

    #[test]
    fn a_modem_is_read_back(
        program in program(),
        port: i64,
        (internal_clock, external_modem, loopback) in any::<(bool, bool, bool)>(),
        clock in baycom_epp::CLOCKS,
        rate in baycom_epp::RATES,
    ) {
        let mode = baycom_epp::Mode { internal_clock, external_modem, clock, rate, loopback };
        round_trips(Message::BaycomEpp(BaycomEpp { program: &program, port, mode }));
    }

    #[test]
    fn an_empty_cgroup_is_read_back(program in program(), cgroup in cgroup()) {
        round_trips(Message::ReleaseAgent(ReleaseAgent { program: &program, cgroup: &cgroup }));
    }

    #[test]
    fn any_words_of_poweroff_are_read_back(words in vec("[!-.0-~]{1,30}", 1..8)) {
        let words: Vec<_> = words.into_iter().map(String::into_bytes).collect();
        let block = block(&words);
        let argv = Words::new(&block).unwrap();
        round_trips(Message::Poweroff(Poweroff { program: &words[0], argv }));
    }
}
