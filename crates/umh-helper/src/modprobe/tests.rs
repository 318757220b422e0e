// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answers that load nothing: what the configuration decides, and what cannot
//! be opened. What the kernel does is shown by a booted one.

use std::fs;
use std::string::{String, ToString as _};

use super::*;
use crate::modules::Modules;

const TREE: &[u8] = b"/lib/modules/1";

const FILES: &[(&str, &str)] = &[
    (
        "lib/modules/1/modules.dep",
        "k/a.ko: k/b.ko\nk/b.ko:\nk/c.ko:\nk/there.ko:\nk/d.ko:\nk/e.ko: k/there.ko\n",
    ),
    (
        "lib/modules/1/modules.alias",
        "alias al c\nalias none no-such\n",
    ),
    ("lib/modules/1/modules.builtin", "k/in.ko\n"),
    ("sys/module/there/initstate", "live\n"),
];

/// What an answer came to, what was told, and whether privileges were given up.
fn answered(conf: &str, name: &str) -> (Result<Came, crate::answer::Failed>, Vec<String>, bool) {
    answered_with(conf, name, None)
}

fn answered_with(
    conf: &str,
    name: &str,
    mut run: Option<&mut Run<'_>>,
) -> (Result<Came, crate::answer::Failed>, Vec<String>, bool) {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in FILES.iter().chain(&[("etc/modprobe.d/x.conf", conf)]) {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = Root::At(fs::File::open(directory.path()).unwrap().into());
    let modules = Modules::of(&root, TREE, || Ok(()));
    let wanted = modules.wanted(name.as_bytes()).unwrap();
    let (mut told, mut confined) = (Vec::new(), false);
    let mut confine = || {
        confined = true;
        Ok(())
    };
    let mut tell = |what: fmt::Arguments<'_>| told.push(what.to_string());
    let runs = run.is_some();
    let mut run = |module: &[u8], words: &[&[u8]]| run.as_mut().unwrap()(module, words);
    let mut loader = Loader::new(&root, &mut confine, &mut tell);
    loader.run = runs.then_some(&mut run);
    let came = loader.load(wanted);
    (came, told, confined)
}

fn quietly(came: Came) -> (Result<Came, crate::answer::Failed>, Vec<String>, bool) {
    (Ok(came), Vec::new(), false)
}

#[test]
fn what_is_there_or_unknown_needs_nothing() {
    assert_eq!(answered("", "there"), quietly(Came::There));
    assert_eq!(answered("", "in"), quietly(Came::There));
    assert_eq!(answered("", "nothing"), quietly(Came::Unknown));
    assert_eq!(answered("forbid there\n", "there"), quietly(Came::There));
}

#[test]
fn the_blacklist_counts_for_aliases_and_not_for_names() {
    let conf = "blacklist c\n";
    assert_eq!(answered(conf, "al"), quietly(Came::There));
    assert_eq!(answered(conf, "c").0, Ok(Came::Failed(Errno::NOENT)));
}

#[test]
fn a_missing_file_is_told_with_cause_and_remedy() {
    let (came, told, confined) = answered("", "a");
    assert_eq!((came, confined), (Ok(Came::Failed(Errno::NOENT)), true));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("/lib/modules/1/k/b.ko: its file is missing"),
        "{told:?}"
    );
    let (came, told, _) = answered("", "none");
    assert_eq!(came, Ok(Came::Failed(Errno::NOENT)));
    assert!(
        told[0].starts_with("no_such: its alias leads to it"),
        "{told:?}"
    );
}

#[test]
fn what_is_forbidden_fails_with_all_that_needs_it_before_anything_is_loaded() {
    for (conf, why) in [
        (
            "forbid b\n",
            "a is not loaded: b is forbidden by /etc/modprobe.d/x.conf line 1",
        ),
        (
            "install b /bin/false\n",
            "a is not loaded: b is kept out (install false) by /etc/modprobe.d/x.conf line 1",
        ),
        (
            "#\ninstall a /bin/x\n",
            "a is not loaded: a has an install line that runs a program, in /etc/modprobe.d/x.conf line 2; write a softdep line, or allow it: [modules] install = \"run\"",
        ),
        (
            "install a x | y\n",
            "a is not loaded: a has an install line that takes a shell, in /etc/modprobe.d/x.conf line 1; write a softdep line, or give the rule run = \"/sbin/modprobe\"",
        ),
    ] {
        assert_eq!(
            answered(conf, "a"),
            (Ok(Came::Refused), vec![why.into()], false)
        );
    }
}

#[test]
fn a_forbidden_soft_dependency_is_left_out() {
    let conf = "softdep e pre: a\nforbid a\ninstall e /bin/true\n";
    let (came, told, _) = answered(conf, "e");
    assert_eq!((came, told), (Ok(Came::There), Vec::new()));
}

#[test]
fn a_command_that_says_true_is_done() {
    let conf = "install c /bin/true $CMDLINE_OPTS\n";
    assert_eq!(answered(conf, "al").0, Ok(Came::There));
    assert_eq!(answered("install x /bin/true\n", "x").0, Ok(Came::There));
}

#[test]
fn a_program_runs_where_the_policy_lets_it() {
    let conf = "install c /sbin/x -i c\n";
    let mut ran = Vec::new();
    let mut run = |module: &[u8], words: &[&[u8]]| {
        ran.push((module.to_vec(), words.concat()));
        Ok(())
    };
    let (came, told, confined) = answered_with(conf, "al", Some(&mut run));
    assert_eq!((came, told, confined), (Ok(Came::There), Vec::new(), true));
    assert_eq!(ran, [(b"c".to_vec(), b"/sbin/x-ic".to_vec())]);
    let shell = answered_with("install c x;y\n", "al", Some(&mut |_, _| panic!()));
    assert_eq!(shell.0, Ok(Came::Refused));
}
