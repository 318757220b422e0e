// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary entries: what is written is read again, in its order.
//!
//! Input: entries of priority, length of the key, key, length of the value,
//! value.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;

use umh_modules::index::Index;
use umh_modules::index::write::Writer;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let mut writer = Writer::default();
    let mut expected: BTreeMap<&[u8], Vec<(u32, &[u8])>> = BTreeMap::new();
    while let Some((priority, key, value, after)) = entry(rest) {
        rest = after;
        if writer.add(key, value, priority).is_ok() {
            let values = expected.entry(key).or_default();
            let at = values.partition_point(|(other, _)| *other < priority);
            values.insert(at, (priority, value));
        }
    }

    let file = writer.finish().expect("it is small");
    let index = Index::new(&file).expect("it begins as an index");
    for (key, values) in expected {
        let mut read = Vec::new();
        let mut found = |priority, value| {
            read.push((priority, value));
            Ok(())
        };
        index.find(key, &mut found).expect("it is whole");
        assert_eq!(read, values);
    }
});

fn entry(input: &[u8]) -> Option<(u32, &[u8], &[u8], &[u8])> {
    let (priority, rest) = input.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (key, rest) = rest.split_at_checked(usize::from(length % 32))?;
    let (length, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(usize::from(length % 8))?;
    Some((u32::from(priority % 8), key, value, rest))
}
