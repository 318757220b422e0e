// SPDX-License-Identifier: MIT OR Apache-2.0

//! Trees that have texts alone, and broken indexes beside them.

use super::*;
use crate::system::tests::Image;

const FILES: &[(&str, &str)] = &[
    (
        "/lib/modules/1/modules.dep",
        "kernel/a-b.ko.xz: kernel/c.ko kernel/d.ko\nkernel/c.ko: kernel/d.ko\nkernel/d.ko:\n/opt/e.ko:\nkernel/f.ko: ../../g.ko\n",
    ),
    (
        "/lib/modules/1/modules.alias",
        "# Aliases\nalias pci:v1-* a_b\nalias pci:* c\nalias fs-d d\n",
    ),
    ("/lib/modules/1/modules.symbols", "alias symbol:x c\n"),
    ("/lib/modules/1/modules.builtin", "kernel/in-side.ko\n"),
    (
        "/lib/modules/1/modules.builtin.modinfo",
        "in_side.file=kernel/in-side\0in_side.alias=fs-inside\0\0other.alias=fs-*\0",
    ),
];

fn tree(image: &Image) -> Tree<'_> {
    Tree::of(image, b"", b"1")
}

#[test]
fn without_indexes_the_texts_answer() {
    let image = Image::with(FILES);
    let tree = tree(&image);
    let found = tree.dependencies(b"a_b").unwrap().unwrap();
    assert_eq!(found.path, b"kernel/a-b.ko.xz");
    assert_eq!(found.on, [b"kernel/c.ko", b"kernel/d.ko"]);
    assert_eq!(tree.dependencies(b"x"), Ok(None));
    assert_eq!(tree.aliases(b"pci:v1_2").unwrap(), [&b"a_b"[..], b"c"]);
    assert_eq!(tree.symbols(b"symbol:x").unwrap(), [b"c"]);
    assert_eq!(tree.is_builtin(b"in_side"), Ok(true));
    assert_eq!(tree.is_builtin(b"a_b"), Ok(false));
    assert_eq!(
        tree.builtin_aliases(b"fs_inside").unwrap(),
        [&b"in_side"[..], b"other"]
    );
    assert!(!tree.is_missing());
    assert_eq!(tree.broken().count(), 0);
}

#[test]
fn where_nothing_is_nothing_is_found() {
    let image = Image::with(&[]);
    let tree = tree(&image);
    assert!(tree.is_missing());
    assert_eq!(tree.dependencies(b"a"), Ok(None));
    assert_eq!(tree.aliases(b"a"), Ok(Vec::new()));
    assert_eq!(tree.is_builtin(b"a"), Ok(false));
}

#[test]
fn a_broken_index_is_told_and_its_text_answers() {
    let image = Image::with(FILES);
    image.write("/lib/modules/1/modules.dep.bin", b"nonsense");
    // A header, and a root that is not there.
    let dangling = [0xb0, 7, 0xf4, 0x57, 0, 2, 0, 1, 0xe0, 0, 1, 0];
    image.write("/lib/modules/1/modules.alias.bin", &dangling);
    let tree = tree(&image);
    assert!(tree.dependencies(b"c").unwrap().is_some());
    assert_eq!(tree.aliases(b"fs_d").unwrap(), [b"d"]);
    let broken: Vec<_> = tree.broken().collect();
    assert_eq!(
        broken,
        [
            &b"/lib/modules/1/modules.dep.bin"[..],
            b"/lib/modules/1/modules.alias.bin"
        ]
    );
}

#[test]
fn an_index_without_a_byte_is_as_good_as_none() {
    let image = Image::with(FILES);
    image.write("/lib/modules/1/modules.dep.bin", b"");
    image.write("/lib/modules/1/modules.builtin.alias.bin", b"");
    let tree = tree(&image);
    assert!(tree.dependencies(b"c").unwrap().is_some());
    assert!(tree.builtin_aliases(b"nobody").unwrap().is_empty());
    assert_eq!(tree.broken().count(), 0);
}

#[test]
fn a_broken_index_without_a_text_is_an_error() {
    let image = Image::with(&[("/lib/modules/1/modules.dep.bin", "x")]);
    let told = tree(&image).dependencies(b"a").unwrap_err();
    assert_eq!(
        std::format!("{told}"),
        "/lib/modules/1/modules.dep.bin: contradicts itself; run depmod(8)"
    );
}

#[test]
fn no_path_climbs_out_of_the_tree() {
    let image = Image::with(FILES);
    let tree = tree(&image);
    assert!(tree.dependencies(b"f").is_err());
    // What depmod found elsewhere (depmod.d, `external`) is absolute.
    assert_eq!(tree.file(b"/opt/e.ko"), b"/opt/e.ko");
    assert_eq!(tree.file(b"kernel/d.ko"), b"/lib/modules/1/kernel/d.ko");
}
