// SPDX-License-Identifier: MIT OR Apache-2.0

//! Indexes written here, as depmod up to kmod 33 does (children first), and
//! broken ones.

use std::collections::BTreeMap;
use std::string::String;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// Writes an index of keys with their values.
fn write_index(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 0];
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, value)| (key.as_bytes(), value.as_bytes()))
        .collect();
    let root = if entries.is_empty() {
        12
    } else {
        write_node(&entries, &mut out)
    };
    out[8..12].copy_from_slice(&root.to_be_bytes());
    out
}

fn write_node(entries: &[(&[u8], &[u8])], out: &mut Vec<u8>) -> u32 {
    let shared = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let first = entries[0].0;
    let prefix = entries
        .iter()
        .map(|(key, _)| shared(first, key))
        .min()
        .unwrap();
    let mut below = BTreeMap::<u8, Vec<_>>::new();
    let mut values = Vec::new();
    for (key, value) in entries {
        match key[prefix..].split_first() {
            Some((byte, rest)) => below.entry(*byte).or_default().push((rest, *value)),
            None => values.push(*value),
        }
    }
    let children: BTreeMap<u8, u32> = below
        .iter()
        .map(|(byte, entries)| (*byte, write_node(entries, out)))
        .collect();

    let mut reference = u32::try_from(out.len()).unwrap();
    if prefix > 0 {
        reference |= 1 << 31;
        out.extend([&first[..prefix], b"\0"].concat());
    }
    if let (Some((low, _)), Some((high, _))) =
        (children.first_key_value(), children.last_key_value())
    {
        reference |= 1 << 29;
        out.extend([*low, *high]);
        for byte in *low..=*high {
            out.extend(children.get(&byte).copied().unwrap_or(0).to_be_bytes());
        }
    }
    if !values.is_empty() {
        reference |= 1 << 30;
        out.extend(u32::try_from(values.len()).unwrap().to_be_bytes());
        for (priority, value) in (0u32..).zip(values) {
            out.extend(priority.to_be_bytes());
            out.extend([value, b"\0"].concat());
        }
    }
    reference
}

fn found(index: &Index<'_>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    index
        .find(name.as_bytes(), &mut |_, value| {
            found.push(String::from_utf8_lossy(value).into_owned());
            Ok(())
        })
        .unwrap();
    found
}

fn searched(index: &Index<'_>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    index
        .search(name.as_bytes(), &mut |_, value| {
            found.push(String::from_utf8_lossy(value).into_owned());
            Ok(())
        })
        .unwrap();
    found.sort();
    found
}

#[test]
fn a_key_is_found_as_it_is_written() {
    let bytes = write_index(&[
        ("ext4", "a"),
        ("ext2", "b"),
        ("ext", "c"),
        ("x*", "d"),
        ("ext2", "e"),
    ]);
    let index = Index::new(&bytes).unwrap();
    assert_eq!(found(&index, "ext4"), ["a"]);
    assert_eq!(found(&index, "ext2"), ["b", "e"]);
    assert_eq!(found(&index, "ext"), ["c"]);
    assert_eq!(found(&index, "x*"), ["d"]);
    for name in ["", "e", "ext3", "ext44", "xy", "zz"] {
        assert!(found(&index, name).is_empty(), "{name}");
    }
}

#[test]
fn patterns_are_found_by_what_they_match() {
    let bytes = write_index(&[
        ("fs_ext4", "ext4"),
        ("fs_*", "any"),
        ("pci:v00008086d*sv*", "intel"),
        ("pci:v*d00001234sv*", "device"),
        ("[a-f]s_ext4", "set"),
        ("fs_ext?", "one"),
        ("*", "all"),
    ]);
    let index = Index::new(&bytes).unwrap();
    assert_eq!(
        searched(&index, "fs_ext4"),
        ["all", "any", "ext4", "one", "set"]
    );
    assert_eq!(
        searched(&index, "pci:v00008086d00001234sv0"),
        ["all", "device", "intel"]
    );
    assert_eq!(searched(&index, "x"), ["all"]);
    assert_eq!(searched(&index, ""), ["all"]);
    assert_eq!(searched(&index, "fs_*"), ["all", "any"]);
}

#[test]
fn an_empty_index_holds_nothing() {
    let bytes = write_index(&[]);
    let index = Index::new(&bytes).unwrap();
    assert!(found(&index, "a").is_empty() && searched(&index, "a").is_empty());
    assert!(found(&Index::EMPTY, "a").is_empty());
}

#[test]
fn what_is_no_index_is_refused() {
    let good = write_index(&[("a", "b")]);
    assert!(Index::new(b"").is_err());
    assert!(Index::new(&good[..11]).is_err());
    let mut newer = good.clone();
    newer[7] = 9;
    assert!(Index::new(&newer).is_ok());
    for at in [0, 5] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(Index::new(&bad).is_err());
    }
}

#[test]
fn a_loop_ends() {
    // One node whose only child, for every byte, is itself.
    let mut bytes = vec![0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1];
    let itself = (12u32 | 1 << 29).to_be_bytes();
    bytes.extend(itself);
    bytes.extend([0, 127]);
    for _ in 0..128 {
        bytes.extend(itself);
    }
    let index = Index::new(&bytes).unwrap();
    let long = vec![b'a'; 10_000];
    assert_eq!(index.find(&long, &mut |_, _| Ok(())), Err(Unreadable));
    assert_eq!(index.search(b"abc", &mut |_, _| Ok(())), Err(Unreadable));
}

proptest! {
    #[test]
    fn no_file_makes_a_search_panic_or_run_on(
        mut bytes in prop::collection::vec(any::<u8>(), 12..400),
        name in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        bytes[..6].copy_from_slice(&[0xb0, 0x07, 0xf4, 0x57, 0, 2]);
        bytes[9..11].copy_from_slice(&[0, 0]);
        let index = Index::new(&bytes).unwrap();
        let _ = index.find(&name, &mut |_, _| Ok(()));
        let _ = index.search(&name, &mut |_, _| Ok(()));
        let _ = index.each(&mut |_, _| {});
    }

    #[test]
    fn a_changed_index_is_no_danger(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write_index(&[("pci:v1*", "a"), ("pci:v2*d3", "b"), ("fs_ext4", "c"), ("fs_*", "d")]);
        let at = at.index(bytes.len() - 8) + 8;
        bytes[at] = byte;
        let index = Index::new(&bytes).unwrap();
        for name in ["pci:v2xd3", "fs_ext4", ""] {
            let _ = index.find(name.as_bytes(), &mut |_, _| Ok(()));
            let _ = index.search(name.as_bytes(), &mut |_, _| Ok(()));
        }
    }

    #[test]
    fn a_list_has_every_key_and_value(keys in prop::collection::btree_set("[a-d*_]{1,6}", 0..20)) {
        let entries: Vec<_> = keys.iter().map(|key| (key.as_str(), "v")).collect();
        let bytes = write_index(&entries);
        let mut told = Vec::new();
        Index::new(&bytes).unwrap().each(&mut |key, value| {
            assert_eq!(value, b"v");
            told.push(String::from_utf8(key.to_vec()).unwrap());
        }).unwrap();
        prop_assert_eq!(told, keys.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_search_finds_what_trying_each_pattern_finds(
        patterns in prop::collection::btree_set("[ab*?]{1,5}|[a-c]\\[[ab]\\][a-c]{0,2}", 1..12),
        name in "[a-c]{0,6}",
    ) {
        let entries: Vec<_> = patterns.iter().map(|pattern| (pattern.as_str(), pattern.as_str())).collect();
        let bytes = write_index(&entries);
        let index = Index::new(&bytes).unwrap();
        let mut wanted: Vec<_> = patterns.iter().filter(|pattern| glob::matches(pattern.as_bytes(), name.as_bytes())).cloned().collect();
        wanted.sort();
        prop_assert_eq!(searched(&index, &name), wanted);
    }
}
