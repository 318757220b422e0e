// SPDX-License-Identifier: MIT OR Apache-2.0

//! Each stage, and the order between them.

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::config::{DIRECTORIES, Sources};
use crate::system::tests::Image;

const FILES: &[(&str, &str)] = &[
    (
        "/lib/modules/1/modules.dep",
        "kernel/a-b.ko:\nkernel/c.ko:\n",
    ),
    (
        "/lib/modules/1/modules.alias",
        "alias net-pf-1 a_b\nalias c a_b\nalias multi* a_b\nalias multi* c\nalias gone no_such\n",
    ),
    ("/lib/modules/1/modules.symbols", "alias symbol:s c\n"),
    ("/lib/modules/1/modules.builtin", "kernel/in.ko\n"),
    ("/lib/modules/1/modules.builtin.modinfo", "in.alias=fs-in\0"),
    (
        "/etc/modprobe.d/x.conf",
        "alias my-* c\nalias my-x in\ninstall cmd /bin/true\nremove rm /bin/true\nalias c-alias c\n",
    ),
];

fn found(name: &str) -> (Option<Stage>, Vec<(String, Option<String>)>) {
    let image = Image::with(FILES);
    let tree = Tree::of(&image, b"", b"1");
    let sources = Sources {
        paths: DIRECTORIES,
        tree: tree.path(),
        command_line: None,
        weakdeps: false,
    };
    let config = Config::load(&image, &sources, &mut |complaint| panic!("{complaint}"));
    let found = Catalogue { tree, config }.resolve(name.as_bytes()).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let modules = found.modules.into_iter();
    (
        found.stage,
        modules
            .map(|module| (text(module.name), module.alias.map(text)))
            .collect(),
    )
}

fn by_itself(name: &str) -> Vec<(String, Option<String>)> {
    [(name.into(), None)].into()
}

fn through(alias: &str, names: &[&str]) -> Vec<(String, Option<String>)> {
    let module = |name: &&str| ((*name).into(), Some(alias.into()));
    names.iter().map(module).collect()
}

#[test]
fn each_stage_finds_what_is_its_own() {
    for (name, stage, modules) in [
        (
            "my-x",
            Stage::ConfigAlias,
            [through("my_*", &["c"]), through("my_x", &["in"])].concat(),
        ),
        ("a-b", Stage::Name, by_itself("a_b")),
        ("symbol:s", Stage::Symbol, through("symbol:s", &["c"])),
        ("cmd", Stage::Command, by_itself("cmd")),
        ("rm", Stage::Command, by_itself("rm")),
        ("net-pf-1", Stage::Alias, through("net_pf_1", &["a_b"])),
        ("multi-x", Stage::Alias, through("multi_x", &["a_b", "c"])),
        ("gone", Stage::Alias, through("gone", &["no_such"])),
        ("in", Stage::Builtin, by_itself("in")),
        ("fs-in", Stage::BuiltinAlias, through("fs_in", &["in"])),
    ] {
        assert_eq!(found(name), (Some(stage), modules), "{name}");
    }
}

#[test]
fn a_module_comes_before_an_alias_of_its_name() {
    assert_eq!(found("c"), (Some(Stage::Name), by_itself("c")));
}

#[test]
fn what_nobody_knows_is_not_found() {
    for name in ["", "no-such", "a[", "x:y", "../c", "kernel/c.ko", "\n*?"] {
        assert_eq!(found(name), (None, Vec::new()), "{name}");
    }
}
