// SPDX-License-Identifier: MIT OR Apache-2.0

//! The gate: who is waited for, who waits, and for how long.

#![cfg(not(loom))]

mod scripted;

use scripted::{Script, Scripted};
use umh_core::errno::Errno;
use umh_core::firmware::{self, Answer, Options, Settings};
use umh_core::gate::{self, Depth};
use umh_core::host::{FOREVER, Host as _, Jiffies};

fn open() -> Scripted {
    Scripted::new(Script::default())
}

#[test]
fn closing_is_not_opening() {
    let host = open();
    assert_eq!(gate::disable(&host, Depth::Enabled), Err(Errno::EINVAL));
    assert_eq!(host.gate.depth(), Depth::Enabled);
}

#[test]
fn closing_waits_for_callers_inside() {
    let host = open();
    let _inside = gate::enter(&host);
    host.on_sleep(|host| {
        assert_eq!(host.gate.depth(), Depth::Freezing);
        // Another comes and goes.
        drop(gate::enter(host));
        assert_eq!(host.gate.running(), 1);
    });
    // It never leaves: five seconds, and the gate is open again.
    assert_eq!(gate::disable(&host, Depth::Freezing), Err(Errno::EAGAIN));
    assert_eq!(host.slept.get(), 5 * Scripted::HZ);
    assert_eq!(host.gate.depth(), Depth::Enabled);
}

#[test]
fn an_empty_house_closes_at_once() {
    let host = open();
    assert_eq!(gate::disable(&host, Depth::Disabled), Ok(()));
    assert_eq!((host.slept.get(), host.gate.depth()), (0, Depth::Disabled));
}

#[test]
fn a_reader_waits_out_the_freezer_and_is_refused_when_disabled() {
    let host = open();
    host.set_depth(Depth::Freezing);
    host.on_sleep(|host| {
        assert_eq!(host.readers.get(), 0, "the lock is not held asleep");
    });
    host.on_sleep(|host| host.set_depth(Depth::Enabled));
    let read = gate::read_trylock(&host).unwrap();
    assert_eq!((host.readers.get(), host.freezes.get()), (1, 2));
    drop(read);

    host.set_depth(Depth::Disabled);
    assert!(matches!(gate::read_trylock(&host), Err(Errno::EAGAIN)));
    assert_eq!(host.readers.get(), 0);
}

#[test]
fn a_patient_reader_is_told_what_is_left() {
    let host = open();
    host.set_depth(Depth::Disabled);
    host.on_sleep(|_| {});
    host.on_sleep(|host| host.set_depth(Depth::Enabled));
    let (_read, left) = gate::read_lock_wait(&host, 10).unwrap().unwrap();
    assert_eq!((left, host.readers.get()), (8, 1));
}

#[test]
fn a_patient_reader_gives_up_without_the_lock() {
    let host = open();
    host.set_depth(Depth::Disabled);
    assert!(gate::read_lock_wait(&host, 10).unwrap().is_none());
    assert_eq!((host.slept.get(), host.readers.get()), (10, 0));
    assert!(matches!(
        gate::read_lock_wait(&host, -1),
        Err(Errno::EINVAL)
    ));
}

#[test]
fn no_patience_is_enough_while_the_gate_is_open() {
    let host = open();
    let (_read, left) = gate::read_lock_wait(&host, 0).unwrap().unwrap();
    assert_eq!((left, host.readers.get()), (0, 1));
}

/// Answers at once, and notes how it was asked.
struct Daemon<'a> {
    host: &'a Scripted,
    shown: Option<bool>,
    limit: Jiffies,
}

impl firmware::Fallback for Daemon<'_> {
    fn show(&mut self, uevent: bool) -> Result<(), Errno> {
        self.shown = Some(uevent);
        Ok(())
    }

    fn wait(&mut self, timeout: Jiffies) -> Answer {
        assert_eq!(self.host.readers.get(), 1, "helpers stay enabled");
        self.limit = timeout;
        Answer::TimedOut
    }
}

#[test]
fn the_firmware_fallback_keeps_the_gate_open_and_has_a_limit_only_with_a_uevent() {
    for (options, uevent, limit) in [
        (Options::REQUEST, true, 60 * Scripted::HZ),
        (Options::NOWAIT_UEVENT, true, 60 * Scripted::HZ),
        (Options::NOWAIT_CUSTOM, false, FOREVER),
    ] {
        let host = open();
        let mut daemon = Daemon {
            host: &host,
            shown: None,
            limit: 0,
        };
        let asked = firmware::ask(&host, &Settings::default(), options, &mut daemon);
        assert_eq!(asked, Err(Errno::ETIMEDOUT));
        assert_eq!((daemon.shown, daemon.limit), (Some(uevent), limit));
        assert_eq!(host.readers.get(), 0);
    }
}

#[test]
fn the_firmware_fallback_of_a_closed_gate_depends_on_who_waits() {
    for (options, refused) in [
        (Options::REQUEST, Errno::EAGAIN),
        (Options::NOWAIT_UEVENT, Errno::EBUSY),
    ] {
        let host = open();
        host.set_depth(Depth::Disabled);
        let mut daemon = Daemon {
            host: &host,
            shown: None,
            limit: 0,
        };
        let asked = firmware::ask(&host, &Settings::default(), options, &mut daemon);
        assert_eq!((asked, daemon.shown), (Err(refused), None));
    }
}
