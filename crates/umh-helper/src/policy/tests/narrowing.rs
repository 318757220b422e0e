// SPDX-License-Identifier: MIT OR Apache-2.0

//! What files may change, and what the printed policy means.

use proptest::prelude::*;

use super::super::merge::merge;
use super::super::patch::Patch;
use super::super::{Origin, Policy, Run, defaults};
use super::{CORE, Call, kernel_calls};
use crate::toml::Document;
use crate::verdict::{Decision, Reason};

const BUILTIN: &Policy<'static> = &Policy::builtin();

fn refused(text: &str) -> (u32, String) {
    let fault = BUILTIN
        .with_file(text.as_bytes(), Origin::Admin)
        .map(|_| ())
        .unwrap_err();
    (fault.line, fault.subject.to_owned())
}

#[test]
fn a_file_may_narrow_a_rule() {
    for line in [
        "enabled = false",
        "paths = [\"/sbin/modprobe\"]",
        "paths = []",
        "args = [\"-q\", \"--\", \"fuse\"]",
        "caps = []",
        "no_new_privs = true",
        "seccomp = \"default\"",
        "landlock_read = [\"/lib\"]",
        "timeout = 30",
        "mode = \"enforce\"",
    ] {
        let text = format!("version = 1\n[helper.modprobe]\n{line}\n");
        let policy = BUILTIN.with_file(text.as_bytes(), Origin::Admin).unwrap();
        assert_ne!(
            policy.rule("modprobe"),
            BUILTIN
                .rule("modprobe")
                .filter(|_| !line.contains("enforce")),
            "{line}"
        );
    }
}

#[test]
fn a_file_that_widens_says_so_or_is_refused() {
    for (rule, line) in [
        (
            "modprobe",
            "paths = [\"/sbin/modprobe\", \"/opt/modprobe\"]",
        ),
        ("modprobe", "args = [\"-q\", \"--\", \"{word}\"]"),
        ("modprobe", "args = [\"{word}\"]"),
        ("modprobe", "run = \"/opt/modprobe\""),
        ("modprobe", "run = \"requested\""),
        ("modprobe", "script = true"),
        ("modprobe", "caps = [\"sys_module\", \"sys_admin\"]"),
        ("modprobe", "caps = \"all\""),
        ("modprobe", "mode = \"audit\""),
        ("drbdadm", "caller = \"coredump\""),
    ] {
        let text = format!("version = 1\n[helper.{rule}]\n{line}\n");
        let key = line.split(' ').next().unwrap();
        assert_eq!(refused(&text), (3, key.to_owned()), "{line}");
        let text = format!("{text}widen = true\n");
        assert!(
            BUILTIN.with_file(text.as_bytes(), Origin::Admin).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_later_file_may_not_take_back_what_an_earlier_one_narrowed() {
    let first = b"version = 1\n[helper.modprobe]\nenabled = false\ntimeout = 5\nlandlock_read = [\"/lib\"]\nno_new_privs = true\nseccomp = \"default\"\n";
    let narrowed = BUILTIN.with_file(first, Origin::Vendor).unwrap();
    for line in [
        "enabled = true",
        "timeout = 6",
        "landlock_read = [\"/\"]",
        "landlock_write = [\"/lib\"]",
        "no_new_privs = false",
        "seccomp = \"off\"",
    ] {
        let text = format!("version = 1\n[helper.modprobe]\n{line}\n");
        let fault = narrowed
            .with_file(text.as_bytes(), Origin::Admin)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(fault.line, 3, "{line}");
        let text = format!("{text}widen = true\n");
        assert!(
            narrowed.with_file(text.as_bytes(), Origin::Admin).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn a_new_rule_needs_widen_caller_paths_and_args() {
    let full = "version = 1\n[helper.apport]\nwiden = true\ncaller = \"coredump\"\npaths = [\"/usr/share/apport/apport\"]\nargs = [\"-p{pid}\", \"-s{signal}\", \"--\", \"{path-escaped}\"]\nscript = true\n";
    let policy = BUILTIN.with_file(full.as_bytes(), Origin::Admin).unwrap();
    let call = Call::core(&[
        "/usr/share/apport/apport",
        "-p12",
        "-s11",
        "--",
        "!usr!bin!x",
    ]);
    assert_eq!(call.under(&policy), (Decision::Allow, Reason::Rule));
    assert_eq!(policy.rule("apport").unwrap().run, Run::Requested);
    for key in ["widen", "caller", "paths", "args"] {
        let without: String = full
            .lines()
            .filter(|line| !line.starts_with(key))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(refused(&without).1, key);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (line, text) in [
        (1, "log = \"all\"\n"),
        (1, "version = 2\n"),
        (2, "version = 1\nverison = 1\n"),
        (2, "version = 1\nmode = \"audit\"\n"),
        (2, "version = 1\nmode = \"vendor-only\"\n"),
        (2, "version = 1\nlog = \"most\"\n"),
        (2, "version = 1\n[helpers.x]\n"),
        (2, "version = 1\n[helper.modprobe.x]\n"),
        (2, "version = 1\n[helper]\nx = 1\n"),
        (2, "version = 1\n[helper.'a b']\nwiden = true\n"),
        (2, "version = 1\n[helper.-]\nwiden = true\n"),
        (3, "version = 1\n[helper.modprobe]\npath = []\n"),
        (
            3,
            "version = 1\n[helper.modprobe]\npaths = \"/sbin/modprobe\"\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\npaths = [\"/proc/1/exe\"]\nwiden = true\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\npaths = [\"modprobe\"]\nwiden = true\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\nargs = [\"{modul}\"]\nwiden = true\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\nargs = [\"{u32?}\", \"{u32}\"]\nwiden = true\n",
        ),
        (3, "version = 1\n[helper.drbdadm]\nrun = \"builtin\"\n"),
        (
            3,
            "version = 1\n[helper.modprobe]\nrun = \"modprobe\"\nwiden = true\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\ncaps = [\"cap_sys_module\"]\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\ncaps = \"some\"\nwiden = true\n",
        ),
        (3, "version = 1\n[helper.modprobe]\ntimeout = 0\n"),
        (3, "version = 1\n[helper.mdev]\ntimeout = 10\n"),
        (
            4,
            "version = 1\n[helper.poweroff]\nwiden = true\nsupervise = false\n",
        ),
        (3, "version = 1\n[helper.reboot]\nsupervise = false\n"),
        (3, "version = 1\n[helper.modprobe]\nseccomp = \"strict\"\n"),
        (
            3,
            "version = 1\n[helper.modprobe]\ncaller = \"modprob\"\nwiden = true\n",
        ),
        (
            3,
            "version = 1\n[helper.modprobe]\nlandlock_read = [\"lib\"]\n",
        ),
        (3, "version = 1\n[trust]\nmounts = [\"/\", \"/opt\"]\n"),
        (3, "version = 1\n[trust]\nowner = \"root\"\n"),
        (3, "version = 1\n[modules]\ndeny = [\"a*b\"]\n"),
        (3, "version = 1\n[modules]\ndefault = \"ask\"\n"),
        (3, "version = 1\n[modules]\ninstall = \"shell\"\n"),
        (3, "version = 1\n[modules]\ninstall = \"run\"\n"),
    ] {
        let at = refused(text).0;
        assert_eq!(at, line, "{text}");
    }
}

#[test]
fn the_printed_policy_reads_back_as_the_same_rules() {
    let mut text = String::new();
    BUILTIN.show(&mut text).unwrap();
    let again = BUILTIN.with_file(text.as_bytes(), Origin::Admin).unwrap();
    assert_eq!(
        (again.mode, again.log, again.mounts),
        (BUILTIN.mode, BUILTIN.log, BUILTIN.mounts)
    );

    // Not on top of the built-in rules, which would fill in what is missing.
    let document = Document::read(text.as_bytes()).unwrap();
    let tables = document
        .sections()
        .filter(|section| section.path.names().first() == Some(&"helper"));
    let mut rules = defaults::RULES.iter();
    for section in tables {
        let name = section.path.names()[1];
        let rule = merge(name, None, &Patch::read(section.entries()).unwrap()).unwrap();
        assert_eq!(rule, *rules.next().unwrap());
    }
    assert!(rules.next().is_none());
}

#[test]
fn the_printed_policy_shows_every_key() {
    let text = b"version = 1\nlog = \"all\"\n[modules]\ndefault = \"deny\"\nallow = [\"fuse\"]\ndeny = [\"net-pf-9\"]\n[helper.modprobe]\ncaps = []\nno_new_privs = true\nseccomp = \"default\"\nlandlock_read = [\"/lib\"]\nlandlock_write = []\ntimeout = 30\nmode = \"audit\"\nenabled = false\nscript = true\nwiden = true\n";
    let policy = BUILTIN.with_file(text, Origin::Admin).unwrap();
    let mut shown = String::new();
    policy.show(&mut shown).unwrap();
    let again = BUILTIN.with_file(shown.as_bytes(), Origin::Admin).unwrap();
    assert_eq!(
        again.rules().collect::<Vec<_>>(),
        policy.rules().collect::<Vec<_>>()
    );
    assert_eq!(again.log, policy.log);
    let mut twice = String::new();
    again.show(&mut twice).unwrap();
    assert_eq!(shown, twice);
}

#[test]
fn a_program_can_be_given_all_capabilities_again_and_the_print_says_so() {
    let text = b"version = 1\n[helper.modprobe]\ncaps = \"all\"\nwiden = true\n[helper.mdev]\ncaps = \"all\"\n";
    let policy = BUILTIN.with_file(text, Origin::Admin).unwrap();
    assert_eq!(policy.rule("modprobe").unwrap().caps, None);
    let mut shown = String::new();
    policy.show(&mut shown).unwrap();
    let again = BUILTIN.with_file(shown.as_bytes(), Origin::Admin).unwrap();
    assert!(again.rules().eq(policy.rules()));
}

#[test]
fn every_rule_of_the_table_could_stand_in_a_file() {
    for rule in defaults::RULES {
        let same_name = defaults::RULES
            .iter()
            .filter(|other| other.name == rule.name);
        assert_eq!(same_name.count(), 1, "{}", rule.name);
        assert!(!rule.paths.is_empty() && super::super::args::fault(rule.args).is_none());
        let same_call = |other: &&super::super::Rule<'_>| {
            other.caller == rule.caller && rule.paths.iter().any(|path| other.paths.contains(path))
        };
        assert_eq!(
            defaults::RULES.iter().filter(same_call).count(),
            1,
            "{}",
            rule.name
        );
    }
}

/// Calls of the kernel, and the same with another program or other words.
fn calls() -> Vec<Call> {
    let programs = [
        "/tmp/evil",
        "/sbin/poweroff",
        "/sbin/modprobe",
        "/usr/lib/umh/core",
        "/proc/1/exe",
        "x",
    ];
    let mut calls = kernel_calls();
    for program in programs {
        calls.push(Call::modprobe(program, "net-pf-9"));
        calls.push(Call::modprobe(program, "/etc/x.ko"));
        let mut words = CORE;
        words[0] = program;
        calls.push(Call::core(&words));
        calls.push(Call::core(&[program, "-q", "--", "x"]));
        calls.push(Call::poweroff(&[program]));
        calls.push(Call::poweroff(&[program, "now"]));
    }
    calls
}

fn key_line() -> impl Strategy<Value = String> {
    let path = || {
        prop::sample::select(
            &[
                "/sbin/modprobe",
                "/tmp/evil",
                "/sbin/poweroff",
                "/usr/lib/umh/core",
                "/proc/1/exe",
            ][..],
        )
    };
    let word = || {
        prop::sample::select(
            &[
                "-q", "--", "{module}", "{word}", "{name?}", "{pid}", "{u64}", "net-pf-9", "now",
            ][..],
        )
    };
    let caller = prop::sample::select(&["modprobe", "coredump", "poweroff", "mce"][..]);
    let truth = || any::<bool>();
    prop_oneof![
        prop::collection::vec(path(), 0..4).prop_map(|paths| format!("paths = {paths:?}")),
        prop::collection::vec(word(), 0..9).prop_map(|words| format!("args = {words:?}")),
        path().prop_map(|path| format!("run = \"{path}\"")),
        prop::sample::select(&["requested", "builtin"][..])
            .prop_map(|run| format!("run = \"{run}\"")),
        caller.prop_map(|caller| format!("caller = \"{caller}\"")),
        truth().prop_map(|on| format!("enabled = {on}")),
        truth().prop_map(|on| format!("script = {on}")),
        truth().prop_map(|on| format!("mode = \"{}\"", if on { "audit" } else { "enforce" })),
        (1..100).prop_map(|seconds| format!("timeout = {seconds}")),
    ]
}

fn file() -> impl Strategy<Value = String> {
    let names = &["modprobe", "systemd-coredump", "poweroff", "mdev", "new"][..];
    let table = (
        prop::sample::select(names),
        prop::collection::vec(key_line(), 0..3),
    )
        .prop_map(|(name, lines)| format!("[helper.{name}]\n{}\n", lines.join("\n")));
    let top = prop::sample::select(&["", "mode = \"audit\"\n", "mode = \"enforce\"\n"][..]);
    (top, prop::collection::vec(table, 0..2))
        .prop_map(|(top, tables)| format!("version = 1\n{top}{}", tables.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn files_without_widen_never_allow_what_was_refused(files in prop::collection::vec(file(), 1..4)) {
        let mut policy = *BUILTIN;
        for text in &files {
            if let Ok(next) = policy.with_file(text.as_bytes(), Origin::Admin) {
                policy = next;
            }
        }
        for call in calls() {
            if call.under(BUILTIN).0 == Decision::Deny {
                prop_assert_eq!(call.under(&policy).0, Decision::Deny, "{:?} {:?}", files, call);
            }
        }
    }
}
