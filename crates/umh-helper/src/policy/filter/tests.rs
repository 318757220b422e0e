// SPDX-License-Identifier: MIT OR Apache-2.0

//! What tables make of requests, with and without an index.

use super::*;
use crate::modules::tests::{TREE, image, nothing};
use crate::policy::{Origin, Policy};

/// What the files' tables `[modules]` refuse `name` for.
fn refused(files: &[&str], name: &str) -> Option<String> {
    let texts: Vec<_> = files
        .iter()
        .map(|file| format!("version = 1\n[modules]\n{file}\n"))
        .collect();
    let policy = texts.iter().fold(Policy::builtin(), |policy, text| {
        policy.with_file(text.as_bytes(), Origin::Admin).unwrap()
    });
    let (_directory, root) = image();
    let refusal = refusal(
        policy.filters(),
        &Modules::of(&root, TREE, || Ok(())),
        name.as_bytes(),
        false,
        &mut |complaint| panic!("{complaint}"),
    );
    refusal.map(|detail| String::from_utf8_lossy(detail).into_owned())
}

fn passes(files: &[&str], name: &str) -> bool {
    refused(files, name).is_none()
}

#[test]
fn what_nobody_denies_passes() {
    assert!(passes(&[], "net-pf-21"));
    assert!(passes(&["deny = []"], "net-pf-21"));
    assert!(passes(&["deny = [\"dccp\"]"], "net-pf-21"));
}

#[test]
fn an_alias_is_denied_by_its_name() {
    assert_eq!(
        refused(&["deny = [\"net-pf-21\"]"], "net-pf-21").as_deref(),
        Some("net-pf-21")
    );
    assert_eq!(
        refused(&["deny = [\"net_pf-2*\"]"], "net-pf-21").as_deref(),
        Some("net_pf-2*")
    );
    assert!(passes(&["deny = [\"net-pf-2\"]"], "net-pf-21"));
}

#[test]
fn a_module_is_denied_through_its_alias_and_as_a_dependency() {
    assert_eq!(
        refused(&["deny = [\"rds\"]"], "net-pf-21").as_deref(),
        Some("rds")
    );
    assert_eq!(
        refused(&["deny = [\"rds\"]"], "rds-tcp").as_deref(),
        Some("rds")
    );
    assert_eq!(
        refused(&["deny = [\"jbd2\"]"], "fs-ext2").as_deref(),
        Some("jbd2")
    );
    assert_eq!(
        refused(&["deny = [\"rds\"]"], "symbol:rds_send").as_deref(),
        Some("rds")
    );
    assert!(!passes(&["deny = [\"crc\"]"], "sctp"), "a soft one");
    assert_eq!(
        refused(&["deny = [\"fu*\"]"], "pci:v1").as_deref(),
        Some("fuse (fu*)")
    );
}

#[test]
fn an_allowed_alias_of_a_denied_module_is_denied() {
    assert!(!passes(
        &["allow = [\"net-pf-21\"]\ndeny = [\"rds\"]"],
        "net-pf-21"
    ));
    assert!(!passes(
        &["default = \"deny\"\nallow = [\"net-pf-*\"]\ndeny = [\"rds\"]"],
        "net-pf-21"
    ));
}

#[test]
fn what_is_in_no_list_follows_the_default() {
    let strict = "default = \"deny\"\nallow = [\"ext4\", \"gone\"]";
    assert!(
        passes(&[strict], "fs-ext4"),
        "its module is allowed, and jbd2 comes with it"
    );
    assert!(passes(&[strict], "ext4"));
    assert!(passes(&[strict], "gone"));
    assert_eq!(
        refused(&[strict], "net-pf-21").as_deref(),
        Some("net-pf-21")
    );
    assert!(
        !passes(&[strict], "pci:v1"),
        "one of its two modules is not allowed"
    );
    assert!(!passes(&[strict], "unknown"));
}

#[test]
fn every_file_must_let_a_request_pass() {
    let (first, second) = (
        "deny = [\"rds\"]",
        "default = \"deny\"\nallow = [\"rds\", \"fuse\"]",
    );
    assert!(!passes(&[first, second], "net-pf-21"));
    assert!(passes(&[first, second], "fuse"));
    assert!(!passes(&[first, second], "fs-ext4"));
}

#[test]
fn only_widen_lifts_what_an_earlier_file_refuses() {
    let first = "default = \"deny\"\nallow = [\"ext4\"]";
    assert!(passes(&[first, "allow = [\"fuse\"]\nwiden = true"], "fuse"));
    assert!(!passes(
        &[first, "allow = [\"fuse\"]\nwiden = true"],
        "net-pf-21"
    ));
    assert!(passes(
        &[first, "default = \"allow\"\nwiden = true"],
        "net-pf-21"
    ));
    let policy = Policy::builtin();
    let first = format!("version = 1\n[modules]\n{first}\n");
    let policy = policy.with_file(first.as_bytes(), Origin::Vendor).unwrap();
    for (line, key) in [
        ("allow = [\"fuse\"]", "allow"),
        ("default = \"allow\"", "default"),
    ] {
        let text = format!("version = 1\n[modules]\n{line}\n");
        let fault = policy
            .with_file(text.as_bytes(), Origin::Admin)
            .map(|_| ())
            .unwrap_err();
        assert_eq!((fault.line, fault.subject), (3, key));
    }
}

#[test]
fn a_name_passes_only_if_it_does_as_busybox_cuts_it_too() {
    let deny = &["deny = [\"rds\"]"];
    for name in ["rds.x", "rds.", "net-pf-21.0", "rds-tcp.ko.xz", "a/rds.x"] {
        assert_eq!(refused(deny, name).as_deref(), Some("rds"), "{name}");
    }
    assert!(passes(deny, "fuse.x") && passes(deny, "x.rds"));
    let strict = &["default = \"deny\"\nallow = [\"ext4.1\", \"of:x.y\"]"];
    assert!(!passes(strict, "ext4.1"), "busybox loads ext4");
    assert!(passes(strict, "of:x.y"), "cut, it leads to nothing");
    assert!(!passes(strict, "of:x"));
}

#[test]
fn what_modprobe_d_adds_is_tested_too() {
    assert_eq!(
        refused(&["deny = [\"fuse\"]"], "rds").as_deref(),
        Some("fuse")
    );
    assert_eq!(
        refused(&["deny = [\"lib*\"]"], "mine").as_deref(),
        Some("libcrc32c (lib*)")
    );
}

#[test]
fn install_lines_run_where_the_last_table_that_says_so_lets_them() {
    let run = |files: &[&str]| {
        let texts: Vec<_> = files
            .iter()
            .map(|file| format!("version = 1\n[modules]\n{file}\n"))
            .collect();
        let policy = texts.iter().fold(Policy::builtin(), |policy, text| {
            policy.with_file(text.as_bytes(), Origin::Admin).unwrap()
        });
        policy.runs_installs()
    };
    let wide = "install = \"run\"\nwiden = true";
    assert!(!run(&[]) && run(&[wide]) && run(&[wide, "deny = [\"x\"]"]));
    assert!(!run(&[wide, "install = \"refuse\""]));
}

/// What the tables refuse `name` for where there is no index, and what is
/// complained of.
fn refused_blindly(files: &[&str], name: &str) -> (Option<String>, Vec<String>) {
    let texts: Vec<_> = files
        .iter()
        .map(|file| format!("version = 1\n[modules]\n{file}\n"))
        .collect();
    let policy = texts.iter().fold(Policy::builtin(), |policy, text| {
        policy.with_file(text.as_bytes(), Origin::Admin).unwrap()
    });
    let mut complaints = Vec::new();
    let (_directory, root) = nothing();
    let refusal = refusal(
        policy.filters(),
        &Modules::of(&root, TREE, || Ok(())),
        name.as_bytes(),
        false,
        &mut |complaint| complaints.push(complaint.to_string()),
    );
    let refusal = refusal.map(|detail| String::from_utf8_lossy(detail).into_owned());
    (refusal, complaints)
}

#[test]
fn without_an_index_names_alone_decide_and_that_is_complained_of() {
    let deny = &["deny = [\"rds\"]"];
    let (refusal, complaints) = refused_blindly(deny, "fs-ext4");
    assert_eq!((refusal, complaints.len()), (None, 1));
    assert!(complaints[0].starts_with("/lib/modules ignored: no readable index"));
    for name in ["rds", "rds.x"] {
        let wanted = (Some("rds".to_owned()), vec![]);
        assert_eq!(refused_blindly(deny, name), wanted, "{name}");
    }
    assert_eq!(refused_blindly(&["deny = []"], "rds"), (None, vec![]));
}

#[test]
fn without_an_index_what_is_denied_by_default_stays_denied() {
    let refused = (Some("no readable module index".to_owned()), vec![]);
    let strict = "default = \"deny\"\nallow = [\"fuse\"]";
    assert_eq!(refused_blindly(&[strict], "fuse"), refused);
    assert_eq!(refused_blindly(&[strict, "deny = [\"rds\"]"], "x"), refused);
    let more = "allow = [\"x\"]\nwiden = true";
    assert_eq!(refused_blindly(&[strict, more], "x"), refused);
    let open = "default = \"allow\"\nwiden = true";
    assert_eq!(refused_blindly(&[strict, open], "x").0, None);
}
