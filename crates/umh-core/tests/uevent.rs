// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something happened to a device.

#![cfg(not(loom))]

mod scripted;

use std::cell::Cell;

use scripted::{Scripted, TestCall, exits_with, noted, requested};
use umh_core::errno::Errno;
use umh_core::uevent::{Action, Environment, Helper, Object, Uevents};

thread_local! {
    static SEQNUM: Cell<u64> = const { Cell::new(0) };
}

impl Uevents for Scripted {
    fn next_seqnum(&self) -> u64 {
        SEQNUM.set(SEQNUM.get() + 1);
        SEQNUM.get()
    }

    fn broadcast(
        &self,
        action: Action,
        devpath: &[u8],
        environment: &Environment,
    ) -> Result<(), Errno> {
        let words = environment.words();
        noted(format!(
            "{action:?}@{}: {}",
            devpath.escape_ascii(),
            words.block().escape_ascii()
        ));
        Ok(())
    }
}

impl Helper for Scripted {
    type Variables = Environment;

    fn has_helper(&self) -> bool {
        true
    }

    fn uevent_helper(&self, subsystem: &[u8], environment: Environment) -> Option<TestCall> {
        let mut words = umh_abi::Block::<4096>::new();
        for word in environment.words().iter() {
            umh_abi::Sink::env(&mut words, &[word]);
        }
        for word in [b"/sbin/hotplug", subsystem] {
            umh_abi::Sink::arg(&mut words, &[word]);
        }
        // What the engine writes is what the contract reads.
        let invocation = umh_abi::Invocation {
            argv: words.argv()?,
            envp: words.envp()?,
            fingerprint: umh_abi::Fingerprint::EXEC,
        };
        match umh_abi::Message::parse(&invocation) {
            Ok(umh_abi::Message::Uevent(event)) => noted(format!("helper {}", event.seqnum())),
            other => panic!("{other:?}"),
        }
        self.call(Some("/sbin/hotplug"))
    }
}

/// A disk.
#[derive(Default)]
struct Disk {
    suppressed: bool,
    filtered: bool,
    namespaced: bool,
    orphan: bool,
    words: Vec<Vec<u8>>,
    added: bool,
    removed: bool,
}

impl Object for Disk {
    fn has_kset(&self) -> bool {
        !self.orphan
    }
    fn is_suppressed(&self) -> bool {
        self.suppressed
    }
    fn passes_filter(&self) -> bool {
        !self.filtered
    }
    fn subsystem(&self) -> Option<&[u8]> {
        Some(b"block")
    }
    fn devpath(&self) -> Option<&[u8]> {
        Some(b"/devices/sda")
    }
    fn keys(&self, environment: &mut Environment) -> Result<(), Errno> {
        for word in &self.words {
            environment.add(&[word])?;
        }
        Ok(())
    }
    fn is_initial_namespace(&self) -> bool {
        !self.namespaced
    }
    fn mark_remove_sent(&mut self) {
        self.removed = true;
    }
    fn mark_add_sent(&mut self) {
        self.added = true;
    }
}

/// Sends, and lets the helper run and exit with this code.
fn send(code: u8, disk: &mut Disk, action: Action, extra: &[&[u8]]) -> Result<(), Errno> {
    let host = exits_with(code);
    let sent = umh_core::uevent::send(&host, disk, action, extra);
    host.settle();
    sent
}

#[test]
fn an_event_has_its_words_in_order_and_its_helper_two_more() {
    let mut disk = Disk {
        words: vec![b"DEVNAME=sda".into(), b"MODALIAS=x".into()],
        ..Disk::default()
    };
    let extra = [&b"SYNTH_UUID=0"[..]];
    send(1, &mut disk, Action::Add, &extra).unwrap();
    assert!(disk.added && !disk.removed);
    let expected = "Add@/devices/sda: ACTION=add\\x00DEVPATH=/devices/sda\\x00\
                    SUBSYSTEM=block\\x00SYNTH_UUID=0\\x00DEVNAME=sda\\x00\
                    MODALIAS=x\\x00SEQNUM=1\\x00";
    assert_eq!(requested(), [expected, "helper 1"]);

    send(0, &mut disk, Action::Unbind, &[]).unwrap();
    assert!(!requested()[0].contains("MODALIAS"));
}

#[test]
fn an_event_that_nobody_wants_is_not_made_but_remembered() {
    for (mut disk, result) in [
        (
            Disk {
                suppressed: true,
                ..Disk::default()
            },
            Ok(()),
        ),
        (
            Disk {
                filtered: true,
                ..Disk::default()
            },
            Ok(()),
        ),
        (
            Disk {
                orphan: true,
                ..Disk::default()
            },
            Err(Errno::EINVAL),
        ),
    ] {
        let sent = send(0, &mut disk, Action::Remove, &[]);
        assert_eq!((sent, disk.removed), (result, true));
    }
    assert_eq!(requested().len(), 0);
}

#[test]
fn another_namespaces_event_has_no_helper() {
    let mut disk = Disk {
        namespaced: true,
        ..Disk::default()
    };
    send(0, &mut disk, Action::Change, &[]).unwrap();
    assert_eq!(requested().len(), 1);
}

#[test]
fn the_helpers_argument_lies_in_the_buffer_too() {
    // Every word here ends in a NUL where this has a space.
    let fixed = "ACTION=add DEVPATH=/devices/sda SUBSYSTEM=block SEQNUM=1 HOME=/ \
                 PATH=/sbin:/bin:/usr/sbin:/usr/bin ";
    let fits = 2048 - fixed.len() - "block ".len() - 1;
    for (length, result) in [(fits, Ok(())), (fits + 1, Err(Errno::ENOMEM))] {
        SEQNUM.set(0);
        let mut disk = Disk {
            words: vec![vec![b'A'; length]],
            ..Disk::default()
        };
        let sent = send(0, &mut disk, Action::Add, &[]);
        assert_eq!(sent, result);
    }
}
