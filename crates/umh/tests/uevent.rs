// SPDX-License-Identifier: MIT OR Apache-2.0

//! A helper is told of an event in the kernel's words.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

use std::time::{Duration, Instant};

use tempfile::TempDir;
use umh::{Action, Errno, Event, Umh};

const HELPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helpers/uevent");

/// An event whose helper writes what it gets into a directory.
fn event(directory: &TempDir, action: Action, devpath: &str, subsystem: &str) -> Event {
    Event::new(action, devpath, subsystem).key("OUT", directory.path())
}

fn told(directory: &TempDir, number: u64) -> String {
    let path = directory.path().join(number.to_string());
    let limit = Instant::now() + Duration::from_secs(20);
    while !path.exists() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_helper_gets_the_words_in_the_kernels_order() {
    let directory = tempfile::tempdir().unwrap();
    let umh = Umh::builder().uevent_helper(HELPER).build();
    let add = event(&directory, Action::Add, "/devices/x/sda", "block").key("DEVNAME", "sda");
    umh.uevent(&add).unwrap();
    let expected = format!(
        "block\nACTION=add\nDEVPATH=/devices/x/sda\nSUBSYSTEM=block\nOUT={}\nDEVNAME=sda\n\
         SEQNUM=1\nHOME=/\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\n",
        directory.path().display()
    );
    assert_eq!(told(&directory, 1), expected);

    let unbind = event(&directory, Action::Unbind, "/devices/x", "pci").key("MODALIAS", "pci:v1");
    umh.uevent(&unbind).unwrap();
    assert!(!told(&directory, 2).contains("MODALIAS"));
}

#[test]
fn a_synthetic_event_carries_its_marks() {
    let directory = tempfile::tempdir().unwrap();
    let umh = Umh::builder().uevent_helper(HELPER).build();
    let uuid = "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed";
    let text = format!("change {uuid} A=1\n");
    let event = Event::synthetic(text.as_bytes(), "/devices/x", "net").unwrap();
    let event = event.key("OUT", directory.path());
    umh.uevent(&event).unwrap();
    let marks = format!("SUBSYSTEM=net\nSYNTH_UUID={uuid}\nSYNTH_ARG_A=1\nOUT=");
    assert!(told(&directory, 1).contains(&marks));
    let refused = Event::synthetic(b"changed", "/devices/x", "net");
    assert_eq!(refused.err(), Some(Errno::EINVAL));
}

#[test]
fn an_event_has_a_size() {
    let umh = Umh::builder().uevent_helper("/bin/true").build();
    let mut event = Event::new(Action::Add, "/devices/x", "net");
    for number in 0..64 {
        event = event.key(format!("K{number}"), "1");
    }
    assert_eq!(umh.uevent(&event), Err(Errno::ENOMEM));
    let long = Event::new(Action::Add, "/devices/x", "net").key("K", "1".repeat(2048));
    assert_eq!(umh.uevent(&long), Err(Errno::ENOMEM));
}

#[test]
fn without_a_helper_an_event_goes_nowhere() {
    let event = Event::new(Action::Add, "/devices/x", "net");
    assert_eq!(Umh::new().uevent(&event), Ok(()));
}
