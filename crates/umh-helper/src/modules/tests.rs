// SPDX-License-Identifier: MIT OR Apache-2.0

//! Indexes written here, as depmod up to kmod 33 does (children first), and
//! broken ones.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::*;

/// Writes an index of keys with their values.
pub(crate) fn write_index(entries: &[(&str, &str)]) -> Vec<u8> {
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

/// A root with the indexes of kernel `6.12`.
pub(crate) fn image() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let modules = directory.path().join("lib/modules/6.12");
    fs::create_dir_all(&modules).unwrap();
    let write = |name: &str, entries: &[(&str, &str)]| {
        fs::write(modules.join(name), write_index(entries)).unwrap()
    };
    write(
        "modules.dep.bin",
        &[
            ("rds", "kernel/net/rds/rds.ko.xz:"),
            (
                "rds_tcp",
                "kernel/net/rds/rds-tcp.ko.xz: kernel/net/rds/rds.ko.xz kernel/lib/libcrc32c.ko",
            ),
            ("ext4", "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko"),
            ("fuse", "kernel/fs/fuse/fuse.ko:"),
            ("sctp", "kernel/net/sctp/sctp.ko:"),
            ("crc", "kernel/lib/crc.ko:"),
        ],
    );
    write(
        "modules.alias.bin",
        &[
            ("net_pf_21", "rds"),
            ("fs_ext4", "ext4"),
            ("fs_ext2", "ext4"),
            ("pci:v*", "ext4"),
            ("pci:v1*", "fuse"),
            ("gone", "removed"),
        ],
    );
    write("modules.symbols.bin", &[("symbol:rds_send", "rds")]);
    write("modules.builtin.bin", &[("unix", "")]);
    write("modules.builtin.alias.bin", &[("net_pf_1", "unix")]);
    let soft = "# c\nsoftdep sctp ignored pre: crc post: fs-ext4\nsoftdep c?c pre: sctp\n";
    fs::write(modules.join("modules.softdep"), soft).unwrap();
    directory
}

pub(crate) fn catalogue(image: &tempfile::TempDir) -> Result<Catalogue<'static>, Unreadable> {
    let root = Root::At(fs::File::open(image.path()).unwrap().into());
    Catalogue::open(&root, b"6.12")
}

fn resolved(name: &str) -> Vec<(String, bool)> {
    let mut modules = Vec::new();
    let image = image();
    let mut found = |module: &[u8], dependency| {
        modules.push((String::from_utf8_lossy(module).into_owned(), dependency));
    };
    catalogue(&image)
        .unwrap()
        .resolve(name.as_bytes(), &mut found)
        .unwrap();
    modules
}

#[test]
fn a_name_leads_to_its_modules_and_what_they_depend_on() {
    let lead = |list: &[(&str, bool)]| {
        list.iter()
            .map(|(name, dep)| ((*name).to_owned(), *dep))
            .collect::<Vec<_>>()
    };
    let with_dependencies = lead(&[("rds_tcp", false), ("rds", true), ("libcrc32c", true)]);
    assert_eq!(resolved("rds-tcp"), with_dependencies);
    assert_eq!(resolved("rds_tcp"), with_dependencies);
    assert_eq!(resolved("net-pf-21"), lead(&[("rds", false)]));
    assert_eq!(
        resolved("fs-ext2"),
        lead(&[("ext4", false), ("jbd2", true)])
    );
    assert_eq!(resolved("symbol:rds_send"), lead(&[("rds", false)]));
    assert_eq!(resolved("net-pf-1"), lead(&[("unix", false)]));
    assert_eq!(resolved("unix"), lead(&[("unix", false)]));
    assert_eq!(resolved("gone"), lead(&[("removed", false)]));
    assert_eq!(
        resolved("pci:v1"),
        lead(&[("ext4", false), ("jbd2", true), ("fuse", false)])
    );
    for name in ["", "nothing", "[", "]", "../x"] {
        assert!(resolved(name).is_empty(), "{name}");
    }
}

#[test]
fn soft_dependencies_come_too_and_a_circle_of_them_ends() {
    let told = resolved("sctp");
    assert_eq!(told[0], ("sctp".to_owned(), false));
    let beside: std::collections::BTreeSet<_> = told[1..].iter().cloned().collect();
    let wanted = ["crc", "ext4", "jbd2", "sctp"].map(|name| (name.to_owned(), true));
    assert_eq!(beside, wanted.into_iter().collect());
}

#[test]
fn dashes_become_underscores_but_not_in_sets() {
    let normalised = |name: &str| normal(name.as_bytes(), &mut [0; NAME_MAX]).map(<[u8]>::to_vec);
    assert_eq!(normalised("a-b[c-d]-e"), Some(b"a_b[c-d]_e".to_vec()));
    assert_eq!(normalised("a]"), None);
    assert_eq!(normalised("a[b"), None);
    assert_eq!(normalised(&"a".repeat(NAME_MAX + 1)), None);
}

#[test]
fn a_missing_or_broken_index_is_unreadable() {
    let image = image();
    let modules = image.path().join("lib/modules/6.12");
    fs::remove_file(modules.join("modules.symbols.bin")).unwrap();
    assert!(catalogue(&image).is_ok());
    fs::write(modules.join("modules.builtin.bin"), "x").unwrap();
    assert!(catalogue(&image).is_err());
    fs::remove_file(modules.join("modules.builtin.bin")).unwrap();
    fs::remove_file(modules.join("modules.alias.bin")).unwrap();
    assert!(catalogue(&image).is_err());
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
