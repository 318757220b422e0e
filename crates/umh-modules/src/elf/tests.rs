// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading modules, whole and damaged.

use core::ops::Range;
use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::fixture::Fixture;
use super::{Error, Object, Source};

const USUAL: Fixture<'_> = Fixture {
    narrow: false,
    big: false,
    machine: 62,
    modinfo: &[
        "license=GPL",
        "alias=pci:v00001AF4d*",
        "softdep",
        "parm=a:=b",
    ],
    exports: &[("one", 0x1111_2222), ("two", 0xffff_0001)],
    relative: true,
    plain_exports: &["one", "two", "three"],
    imports: &["printk", "kmalloc"],
    weak_imports: &["maybe"],
    versions: &[("module_layout", 7), ("kmalloc", 8), ("printk", 9)],
    extended_versions: &[],
};

fn words(names: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<String> {
    let names = names.into_iter();
    let text = |name: &[u8]| String::from_utf8(name.into()).unwrap();
    names.map(|name| text(name.as_ref())).collect()
}

#[test]
fn all_parts_are_read_in_every_word_size_and_byte_order() {
    for (narrow, big) in [(false, false), (false, true), (true, false), (true, true)] {
        for relative in [false, true] {
            let file = Fixture {
                narrow,
                big,
                relative,
                ..USUAL
            }
            .build();
            let object = Object::parse(&file).unwrap();

            let fields: Vec<_> = object
                .modinfo()
                .flat_map(|field| [field.key, field.value])
                .collect();
            assert_eq!(
                words(fields),
                [
                    "license",
                    "GPL",
                    "alias",
                    "pci:v00001AF4d*",
                    "softdep",
                    "",
                    "parm",
                    "a:=b"
                ]
            );
            let exports: Vec<_> = object
                .exports()
                .iter()
                .map(|export| (words([export.name]).remove(0), export.crc))
                .collect();
            assert_eq!(
                exports,
                [("one".into(), 0x1111_2222), ("two".into(), 0xffff_0001)]
            );
            let undefined: Vec<_> = object
                .undefined()
                .iter()
                .map(|symbol| (words([symbol.name]).remove(0), symbol.weak))
                .collect();
            assert_eq!(
                undefined,
                [
                    ("printk".into(), false),
                    ("kmalloc".into(), false),
                    ("maybe".into(), true),
                ]
            );
            let versions: Vec<_> = object
                .versions()
                .map(|version| (words([version.name]).remove(0), version.crc))
                .collect();
            assert_eq!(
                versions,
                [
                    ("module_layout".into(), 7),
                    ("kmalloc".into(), 8),
                    ("printk".into(), 9),
                ]
            );
        }
    }
}

#[test]
fn without_checksums_the_strings_of_exports_are_the_exports() {
    let file = Fixture {
        exports: &[],
        ..USUAL
    }
    .build();
    let object = Object::parse(&file).unwrap();
    let names = object.exports();
    assert_eq!(
        words(names.iter().map(|export| export.name)),
        ["one", "two", "three"]
    );
}

#[test]
fn long_names_have_their_checksums_in_the_extended_form() {
    let long = "_RNvNtCs".repeat(20);
    let file = Fixture {
        imports: &[&long],
        extended_versions: &[("module_layout", 7), (&long, 0x8000_0001)],
        ..USUAL
    }
    .build();
    let object = Object::parse(&file).unwrap();
    let versions: Vec<_> = object
        .versions()
        .map(|version| (version.name, version.crc))
        .collect();
    assert_eq!(
        versions,
        [(&b"module_layout"[..], 7), (long.as_bytes(), 0x8000_0001)]
    );
}

#[test]
fn the_registers_of_a_sparc_are_no_imports() {
    for (machine, count) in [(43, 0), (62, 1)] {
        let fixture = Fixture {
            machine,
            imports: &[],
            weak_imports: &["#scratch"],
            versions: &[],
            ..USUAL
        };
        let mut file = fixture.build();
        // Its type becomes STT_REGISTER.
        let symbol = file.len() - file.iter().rev().position(|byte| *byte == 0x20).unwrap() - 1;
        file[symbol] = 0x2d;
        assert_eq!(
            Object::parse(&file).unwrap().undefined().len(),
            count,
            "{machine}"
        );
    }
}

#[test]
fn what_is_no_module_is_said() {
    let file = USUAL.build();
    let with = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[at] = byte;
        Object::parse(&file).map(drop)
    };
    assert_eq!(Object::parse(b"").map(drop), Err(Error::NoElf));
    assert_eq!(Object::parse(b"\x7fELF").map(drop), Err(Error::NoElf));
    assert_eq!(with(0, b'x'), Err(Error::NoElf));
    assert_eq!(with(4, 3), Err(Error::Unknown));
    assert_eq!(with(47, 0xff), Err(Error::Truncated));
    assert_eq!(with(62, 0), Err(Error::NoNames));
    let half = file.get(..file.len() / 2).unwrap();
    assert_eq!(Object::parse(half).map(drop), Err(Error::Truncated));
}

/// A source that counts.
struct Counting<'a> {
    file: &'a [u8],
    asked: usize,
    bytes: usize,
}

impl<'a> Source<'a> for Counting<'a> {
    type Error = Error;

    fn length(&self) -> u64 {
        self.file.len() as u64
    }

    fn read(&mut self, range: Range<u64>) -> Result<&'a [u8], Error> {
        let [begin, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        self.asked += 1;
        self.bytes += end - begin;
        Ok(&self.file[begin..end])
    }
}

fn counting(file: &[u8]) -> Counting<'_> {
    Counting {
        file,
        asked: 0,
        bytes: 0,
    }
}

fn counted(file: &[u8]) -> (usize, usize) {
    let mut source = counting(file);
    Object::read(&mut source).unwrap();
    (source.asked, source.bytes)
}

#[test]
fn neighbours_are_read_at_once() {
    // The header, the table with its names, and all parts, which are small.
    assert_eq!(counted(&USUAL.build()).0, 3);
}

#[test]
fn for_what_a_module_says_of_itself_its_symbols_are_not_read() {
    let file = USUAL.build();
    let mut source = counting(&file);
    let object = Object::read_modinfo(&mut source).unwrap();
    assert_eq!(object.modinfo().count(), USUAL.modinfo.len());
    assert!(object.undefined().is_empty());
    assert!(source.bytes < counted(&file).1);
}

#[test]
fn sections_that_overlap_are_not_read_again_and_again() {
    let mut file = USUAL.build();
    let table = u64::from_le_bytes(file[40..48].try_into().unwrap());
    let table = usize::try_from(table).unwrap();
    let count = usize::from(u16::from_le_bytes(file[60..62].try_into().unwrap()));
    // Every section but the one with the names is all of the file.
    for number in 1..count - 1 {
        let header = table + 64 * number;
        file[header + 24..header + 32].copy_from_slice(&1_u64.to_le_bytes());
        let size = file.len() as u64 - 1;
        file[header + 32..header + 40].copy_from_slice(&size.to_le_bytes());
    }
    assert!(counted(&file).1 <= 3 * file.len());
}

proptest! {
    #[test]
    fn damaged_files_are_read_or_refused(
        narrow: bool,
        big: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut file = Fixture { narrow, big, ..USUAL }.build();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(keep.index(file.len() * 4));
        if let Ok(object) = Object::parse(&file) {
            // Nothing is found that the file does not hold.
            let most = file.len();
            prop_assert!(object.modinfo().count() <= most);
            prop_assert!(object.exports().len() <= most);
            prop_assert!(object.undefined().len() <= most);
            prop_assert!(object.versions().count() <= most);
        }
    }
}
