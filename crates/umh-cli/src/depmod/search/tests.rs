// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which files are the modules of a directory.

use std::os::unix::fs::symlink;

use super::*;
use crate::kmod::messages::Level;

/// Which file is found for module `m` among `files`.
fn chosen(files: &[&str], config: &Config) -> String {
    let top = tempfile::tempdir().unwrap();
    let modules = top.path().join("modules");
    for file in files {
        let path = modules.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let mut config = Config {
        searches: config.searches.clone(),
        overrides: config.overrides.clone(),
        externals: config.externals.clone(),
        excludes: config.excludes.clone(),
    };
    for external in &mut config.externals {
        *external = [top.path().as_os_str().as_bytes(), external].concat();
    }
    let messages = Messages::new("depmod", Level::Silence, false);
    let found = super::modules(&modules, &config, false, &messages).unwrap();
    let [found] = found.as_slice() else {
        panic!("{found:?}")
    };
    let shown = str::from_utf8(found.shown()).unwrap();
    shown
        .trim_start_matches(top.path().to_str().unwrap())
        .to_owned()
}

fn searching(places: &[&str]) -> Config {
    let search = |place: &&str| match *place {
        "built-in" => Search::Builtin,
        "external" => Search::External,
        path => Search::Path(path.into()),
    };
    Config {
        searches: places.iter().map(search).collect(),
        ..Config::default()
    }
}

#[test]
fn what_is_searched_first_is_used() {
    let files = ["kernel/m.ko", "updates/m.ko.xz", "extra/a/m.ko.gz"];
    assert_eq!(chosen(&files, &searching(&["updates"])), "updates/m.ko.xz");
    let extra = searching(&["extra", "updates", "built-in"]);
    assert_eq!(chosen(&files, &extra), "extra/a/m.ko.gz");
    let builtin = searching(&["built-in", "updates"]);
    assert_eq!(chosen(&files[..2], &builtin), "kernel/m.ko");
}

#[test]
fn without_a_rank_the_first_name_is_used() {
    let files = ["kernel/m.ko", "extra/m.ko"];
    assert_eq!(chosen(&files, &searching(&["updates"])), "extra/m.ko");
}

#[test]
fn an_override_is_stronger_than_the_search() {
    let files = ["extra/m.ko", "updates/m.ko"];
    let mut config = searching(&["updates"]);
    config.overrides = vec![b"extra/m".into()];
    assert_eq!(chosen(&files, &config), "extra/m.ko");
}

#[test]
fn modules_elsewhere_are_used_where_they_are_searched() {
    let files = ["kernel/m.ko", "../else/m.ko"];
    let mut config = searching(&["external", "built-in"]);
    config.externals = vec![b"/else".into()];
    assert_eq!(chosen(&files, &config), "/else/m.ko");
    config.searches.reverse();
    assert_eq!(chosen(&files, &config), "kernel/m.ko");
}

#[test]
fn excluded_directories_and_other_files_are_passed_over() {
    let files = [
        "kernel/m.ko",
        "build/m.ko",
        "source/m.ko",
        "debug/updates/m.ko",
        "updates/m.ko.bz2",
        "updates/.ko",
    ];
    let mut config = searching(&["debug", "updates"]);
    config.excludes = vec![b"debug".into()];
    assert_eq!(chosen(&files, &config), "kernel/m.ko");
}

#[test]
fn links_are_followed_and_circles_are_not() {
    let top = tempfile::tempdir().unwrap();
    let modules = top.path().join("modules");
    fs::create_dir_all(modules.join("kernel")).unwrap();
    fs::write(modules.join("kernel/a.ko"), "").unwrap();
    fs::write(top.path().join("b.ko"), "").unwrap();
    symlink("..", modules.join("kernel/up")).unwrap();
    symlink("kernel", modules.join("again")).unwrap();
    symlink("../b.ko", modules.join("b.ko")).unwrap();
    symlink("nowhere", modules.join("c.ko")).unwrap();
    let messages = Messages::new("depmod", Level::Silence, false);
    let found = super::modules(&modules, &searching(&["updates"]), false, &messages).unwrap();
    let mut shown: Vec<_> = found.iter().map(Found::shown).collect();
    shown.sort();
    assert_eq!(shown, [&b"b.ko"[..], b"kernel/a.ko"]);
}

#[test]
fn a_module_is_named_after_its_file() {
    let top = tempfile::tempdir().unwrap();
    let path = top.path().join("k/snd-hda.v2.ko.zst");
    let data = fs::metadata(top.path()).unwrap();
    let found = Found::new(path, top.path(), Some(&data)).unwrap();
    assert_eq!(found.name, b"snd_hda");
    // As kmod has it: the name's length and three more.
    assert_eq!(found.ordered(), Some(&b"k/snd-hda.v2"[..]));
}
