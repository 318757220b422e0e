// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a reader finds, also in files that are no ring.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::layout::{self, SLOTS};
use super::super::reader::{Unreadable, signature};
use super::*;

#[test]
fn records_come_oldest_first_and_more_may_follow() {
    let machine = Machine::new();
    let log = machine.log();
    let mut reader = machine.reader();
    assert!(reader.next().unwrap().is_none());
    for name in [b"first\0".as_slice(), b"second\0"] {
        let record = log.begin(&entry(name));
        let Found::Record(open) = reader.next().unwrap().unwrap() else {
            panic!("unwritten")
        };
        assert_eq!(open.argv().next(), name.strip_suffix(b"\0"));
        assert_eq!(open.end, None);
        record.close(End::Answered(1));
        let Found::Record(closed) = reader.record(open.ticket).unwrap() else {
            panic!("gone")
        };
        assert_eq!(closed.end.unwrap().end, End::Answered(1));
        assert!(reader.next().unwrap().is_none());
    }
}

#[test]
fn a_reader_that_falls_behind_goes_on_with_the_oldest_that_is_left() {
    let machine = Machine::new();
    let log = machine.log();
    let mut reader = machine.reader();
    for _ in 0..SLOTS + 10 {
        let _ = log.begin(&Entry {
            log: Level::None,
            ..entry(b"x\0")
        });
    }
    let Some(Found::Record(oldest)) = reader.next().unwrap() else {
        panic!("no record")
    };
    assert_eq!(oldest.ticket, 11);
    assert!(matches!(reader.record(10).unwrap(), Found::Overwritten(10)));
}

#[test]
fn the_time_of_a_record_is_now() {
    let machine = Machine::new();
    let log = machine.log();
    let _ = log.begin(&entry(b"x\0"));
    let Some(Found::Record(record)) = machine.reader().next().unwrap() else {
        panic!("none")
    };
    assert!(clock::realtime().abs_diff(record.began_realtime) < 60_000_000_000);
    assert_eq!(record.pid, std::process::id());
}

#[test]
fn what_is_no_ring_or_another_ones_is_told() {
    let machine = Machine::new();
    assert_eq!(
        Reader::open(&machine.root).unwrap_err(),
        Unreadable::Failed(Errno::NOENT)
    );
    let refused = |bytes: &[u8]| Reader::new(bytes).unwrap_err();
    assert_eq!(refused(b"short"), Unreadable::Failed(Errno::NODATA));
    assert_eq!(refused(&[0; 4096]), Unreadable::NoRing);
    let mut other = signature().to_vec();
    other[15] ^= 1;
    assert_eq!(
        refused(&[&other[..], &[0; 4096]].concat()),
        Unreadable::OtherVersion
    );
}

#[test]
fn a_ring_that_was_replaced_is_gone() {
    let machine = Machine::new();
    drop(machine.log());
    let reader = machine.reader();
    assert!(!reader.is_gone());
    std::fs::remove_file(machine.path("run/umh/ring")).unwrap();
    assert!(reader.is_gone());
}

proptest! {
    #[test]
    fn no_content_of_the_file_is_more_than_an_error(
        given in any::<u64>(),
        slots in vec(any::<u8>(), 0..5000),
    ) {
        let mut bytes = signature().to_vec();
        bytes.resize(layout::GIVEN * 8, 7);
        bytes.extend(given.to_le_bytes());
        bytes.resize(4096, 0xff);
        bytes.extend(slots);
        let mut reader = Reader::new(&bytes[..]).unwrap();
        prop_assert!(reader.totals().is_ok());
        for _ in 0..10 {
            let _ = reader.next();
        }
    }
}
