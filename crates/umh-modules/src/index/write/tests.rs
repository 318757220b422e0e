// SPDX-License-Identifier: MIT OR Apache-2.0

//! Indexes that are written, byte for byte, and read again.

use std::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::index::Index;

fn written(entries: &[(&str, &'static str, u32)]) -> Vec<u8> {
    let mut writer = Writer::default();
    for (key, value, priority) in entries {
        writer
            .add(key.as_bytes(), value.as_bytes(), *priority)
            .unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn an_empty_index_refers_past_its_end() {
    let header = [0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 12];
    assert_eq!(written(&[]), header);
}

#[test]
fn each_node_stands_before_its_children() {
    let expected = [
        &[0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0x20, 0, 0, 12][..],
        // The root: children from a to c, none for b.
        b"ac\xe0\0\0\x1a\0\0\0\0\xc0\0\0\x36",
        // "a" and then "b": its own value, and one child, d.
        b"b\0dd\x40\0\0\x2c\0\0\0\x01\0\0\0\x02V\0",
        // "abd", twice: the lower priority first.
        b"\0\0\0\x01\0\0\0\x03W\0",
        // "c" and then "xy".
        b"xy\0\0\0\0\x02\0\0\0\x04X\0\0\0\0\x05Y\0",
    ];
    let file = written(&[
        ("cxy", "Y", 5),
        ("abd", "W", 3),
        ("ab", "V", 2),
        ("cxy", "X", 4),
    ]);
    assert_eq!(file, expected.concat());
}

#[test]
fn of_equal_priorities_the_last_comes_first() {
    let file = written(&[("k", "one", 0), ("k", "two", 0), ("k", "two", 0)]);
    let mut values = Vec::new();
    let index = Index::new(&file).unwrap();
    let mut found = |_, value| {
        values.push(value);
        Ok(())
    };
    index.find(b"k", &mut found).unwrap();
    assert_eq!(values, [b"two", b"two", b"one"]);
}

#[test]
fn what_was_said_before_is_a_duplicate() {
    let mut writer = Writer::default();
    for (key, value) in [("b", "1"), ("a", "1"), ("b", "2"), ("b", "1"), ("a", "1")] {
        writer.add(key.as_bytes(), value.as_bytes(), 0).unwrap();
    }
    let expected: [(&[u8], &[u8]); 2] = [(b"b", b"1"), (b"a", b"1")];
    assert_eq!(writer.duplicates(), expected);
}

#[test]
fn characters_that_an_index_cannot_hold_are_refused() {
    let mut writer = Writer::default();
    assert_eq!(writer.add(b"gr\xc3\xbcn", b"x", 0), Err(Refused::Character));
    assert_eq!(writer.add(b"a\0b", b"x", 0), Err(Refused::Character));
    assert_eq!(writer.add(b"a", b"x\0y", 0), Err(Refused::Character));
    assert_eq!(writer.add(b"a", b"\xc3\xbc", 0), Ok(()));
}

#[test]
fn keys_that_begin_each_other_need_no_stack() {
    let mut writer = Writer::default();
    let key = std::vec![b'a'; 1000];
    for length in 0..key.len() {
        writer.add(&key[..length], b"x", 0).unwrap();
    }
    let file = writer.finish().unwrap();
    let mut count = 0;
    let mut found = |_, _: &[u8]| {
        count += 1;
        Ok(())
    };
    Index::new(&file)
        .unwrap()
        .find(&key[..999], &mut found)
        .unwrap();
    assert_eq!(count, 1);
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        entries in prop::collection::vec(("[ab*?-]{0,6}", "[a-c]{0,2}", 0u32..4), 0..60),
    ) {
        let mut writer = Writer::default();
        let mut expected: BTreeMap<&str, Vec<(u32, &[u8])>> = BTreeMap::new();
        for (key, value, priority) in &entries {
            writer.add(key.as_bytes(), value.as_bytes(), *priority).unwrap();
            let values = expected.entry(key).or_default();
            let at = values.partition_point(|(other, _)| other < priority);
            values.insert(at, (*priority, value.as_bytes()));
        }
        let file = writer.finish().unwrap();
        let index = Index::new(&file).unwrap();
        for (key, values) in expected {
            let mut read = Vec::new();
            let mut found = |priority, value| {
                read.push((priority, value));
                Ok(())
            };
            index.find(key.as_bytes(), &mut found).unwrap();
            prop_assert_eq!(read, values, "{}", key);
        }
    }
}
