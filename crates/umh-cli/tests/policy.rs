// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy show`, `check` and `callers` on a root directory of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use std::fs;

use image::Image;
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn what_show_prints_is_a_policy_file() {
    let image = Image::with_policies();
    let out = image
        .umh(&["policy", "show", "--builtin"])
        .code(0)
        .get_output()
        .stdout
        .clone();
    let file = image.path("/shown.toml");
    fs::write(&file, out).unwrap();
    image
        .umh(&["policy", "check", file.to_str().unwrap()])
        .stderr("")
        .code(0);
}

#[test]
fn show_merges_the_files_and_tells_which_are_ignored() {
    let image = Image::with_policies();
    image.write(
        "/etc/umh/policy.d/10-log.toml",
        "version = 1\nlog = \"all\"\n",
    );
    image.write(
        "/etc/umh/policy.d/20-broken.toml",
        "version = 1\nlgo = \"all\"\n",
    );
    image
        .umh(&["policy", "show"])
        .code(1)
        .stdout(contains("log = \"all\"").and(contains("20-broken.toml ignored")));
    let (shown, _) = image.json(&["policy", "show"]);
    assert_eq!(shown["log"], "all");
    assert_eq!(shown["rules"][0]["name"], "modprobe");
    assert_eq!(shown["ignored"][0]["line"], 2);
}

#[test]
fn a_clean_tree_has_no_findings() {
    Image::with_policies()
        .umh(&["policy", "check"])
        .code(0)
        .stdout(contains("nothing found"));
}

#[test]
fn a_bad_file_is_an_error_with_its_line_and_remedy() {
    let image = Image::with_policies();
    let file = image.path("/new.toml");
    let bad = [
        ("version = 1\nmode = \"yes\"\n", "line 2"),
        ("mode = \"enforce\"\n", "version"),
        (
            "version = 1\n[helper.modprobe]\npaths = [\"/tmp/modprobe\"]\n",
            "widen = true",
        ),
        ("version = 1\n[helper.modprobe\n", "line 2"),
        (
            "version = 1\nmode = \"enforce\"\nmode = \"enforce\"\n",
            "line 3",
        ),
    ];
    for (text, expected) in bad {
        fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap();
        image
            .umh(&["policy", "check", path])
            .code(2)
            .stdout(contains(path).and(contains(expected)));
    }
    image
        .umh(&["policy", "check", "/no/such/file.toml"])
        .code(3)
        .stderr(contains("/no/such/file.toml"));
}

#[test]
fn an_installed_file_with_a_wrong_mode_is_an_error() {
    let image = Image::with_policies();
    image.write("/etc/umh/policy.d/10-a.toml", "version = 1\n");
    image.mode("/etc/umh/policy.d/10-a.toml", 0o666);
    image
        .umh(&["policy", "check"])
        .code(2)
        .stdout(contains("10-a.toml ignored").and(contains("0644")));
}

#[test]
fn what_a_file_widens_is_listed_and_a_shadowed_rule_is_found() {
    let image = Image::with_policies();
    let rule = "version = 1\n\n[helper.mine]\nwiden = true\ncaller = \"modprobe\"\npaths = [\"/sbin/modprobe\"]\nargs = [\"-q\", \"--\", \"{module}\"]\n";
    image.write("/etc/umh/policy.d/50-mine.toml", rule);
    let (found, code) = image.json(&["policy", "check"]);
    assert_eq!(code, 1, "{found}");
    assert_eq!(
        (
            found["widens"][0]["table"].as_str(),
            found["widens"][0]["line"].as_u64()
        ),
        (Some("helper.mine"), Some(4))
    );
    let findings = found["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|one| one["kind"] == "unreachable" && one["rule"] == "mine"),
        "{found}"
    );
}

#[test]
fn a_target_that_fails_the_walk_is_found() {
    let image = Image::with_policies();
    image.run_modprobe();
    image.mode("/usr/sbin/modprobe", 0o775);
    let (found, code) = image.json(&["policy", "check"]);
    assert_eq!(code, 1);
    assert_eq!(
        (
            found["findings"][0]["kind"].as_str(),
            found["findings"][0]["rule"].as_str()
        ),
        (Some("trust"), Some("modprobe"))
    );
}

#[test]
fn the_policies_for_crash_handlers_are_good_files() {
    let image = Image::with_policies();
    image.write("/usr/share/apport/apport", "#!/usr/bin/sh\n");
    image.mode("/usr/share/apport/apport", 0o755);
    image.write("/usr/bin/sh", "\x7fELF");
    image.mode("/usr/bin/sh", 0o755);
    image.write("/usr/libexec/abrt-hook-ccpp", "\x7fELF");
    image.mode("/usr/libexec/abrt-hook-ccpp", 0o755);
    let tree = umh_cli::tree::Tree::open(Some(&image.root())).unwrap();
    for item in umh_cli::install::handlers::policies(&tree) {
        let umh_cli::install::item::Kind::File { bytes, .. } = item.kind else {
            panic!("{}", item.path)
        };
        image.write(&item.path, bytes);
    }
    image
        .umh(&["policy", "check"])
        .code(0)
        .stdout(contains("2 files read"));
    let words = ["-p1", "-s11", "-c0", "-d1", "-P1", "-u0", "-g0"];
    for tail in [
        &["-F3", "--", "!bin!x"][..],
        &["--", "!bin!x"],
        &["-F", "--", "-x"],
    ] {
        let argv = [&["/usr/share/apport/apport"], &words[..], tail].concat();
        let (told, code) = image.explain(&argv);
        assert_eq!(
            (code, told["decision"].as_str()),
            (0, Some("allow")),
            "{told}"
        );
    }
    let words = ["11", "0", "1", "0", "0", "1", "1", "1"];
    for tail in [&[][..], &["host", "a !comm"]] {
        let argv = [&["/usr/libexec/abrt-hook-ccpp"], &words[..], tail].concat();
        let (told, code) = image.explain(&argv);
        assert_eq!(
            (code, told["decision"].as_str()),
            (0, Some("allow")),
            "{told}"
        );
    }
}

#[test]
fn the_callers_are_listed_with_their_sources() {
    let (told, code) = Image::with_policies().json(&["policy", "callers"]);
    let callers = told["callers"].as_array().unwrap();
    assert_eq!((code, callers.len()), (0, umh_abi::Caller::ALL.len()));
    assert!(
        callers
            .iter()
            .any(|one| one["name"] == "modprobe" && one["setting"] == "kernel.modprobe"),
        "{told}"
    );
    Image::with_policies()
        .umh(&["policy", "callers"])
        .code(0)
        .stdout(contains("kernel/module/kmod.c:call_modprobe"));
}
