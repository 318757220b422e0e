// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh policy explain` and `try` on a root directory of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use image::Image;
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn a_module_request_is_answered_by_umh_itself() {
    let image = Image::with_policies();
    let (told, code) = image.explain(&["/sbin/modprobe", "-q", "--", "net-pf-9"]);
    assert_eq!(
        (code, told["answer"]["kind"].as_str()),
        (0, Some("builtin")),
        "{told}"
    );
}

#[test]
fn a_module_request_is_explained_to_the_program_that_would_run() {
    let image = Image::with_policies();
    image.run_modprobe();
    let (told, code) = image.explain(&["/sbin/modprobe", "-q", "--", "net-pf-9"]);
    assert_eq!(
        (code, told["decision"].as_str(), told["rule"].as_str()),
        (0, Some("allow"), Some("modprobe")),
        "{told}"
    );
    assert_eq!(told["answer"]["path"], "/usr/sbin/modprobe");
    let environment = told["answer"]["environment"].as_array().unwrap();
    assert!(
        environment
            .iter()
            .any(|word| word == "PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
        "{told}"
    );
    assert!(
        told["answer"]["privilege"][0]
            .as_str()
            .unwrap()
            .contains("sys_module"),
        "{told}"
    );
    assert!(
        told["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["passed"] == true),
        "{told}"
    );
}

#[test]
fn an_overwritten_modprobe_path_is_explained_as_denied() {
    let image = Image::with_policies();
    let (told, code) = image.explain(&["/tmp/evil", "-q", "--", "net-pf-9"]);
    assert_eq!((code, told["caller"].as_str()), (1, Some("modprobe")));
    assert_eq!(
        (told["decision"].as_str(), told["why"].as_str()),
        (Some("deny"), Some("path"))
    );
    assert_eq!(
        (told["status"].as_u64(), &told["answer"]),
        (Some(1), &serde_json::Value::Null)
    );
}

#[test]
fn another_callers_program_is_explained_as_denied() {
    let image = Image::with_policies();
    let (told, _) = image.explain(&["/sbin/poweroff", "-q", "--", "net-pf-9"]);
    assert_eq!(
        (told["decision"].as_str(), told["why"].as_str()),
        (Some("deny"), Some("caller"))
    );
    let args = [
        "policy",
        "explain",
        "--fd",
        "0=pipe",
        "--",
        "/sbin/modprobe",
        "-q",
        "--",
        "x",
    ];
    let (told, _) = image.json(&args);
    assert_eq!(
        (told["caller"].as_str(), told["why"].as_str()),
        (Some("coredump"), Some("caller"))
    );
}

#[test]
fn a_loader_variable_does_not_reach_the_program() {
    let image = Image::with_policies();
    image.run_modprobe();
    let words = [
        "--env",
        "LD_PRELOAD=/tmp/x",
        "--env",
        "A=b",
        "--env",
        "PATH=/tmp",
    ];
    let call = ["--", "/sbin/modprobe", "-q", "--", "x"];
    let (told, code) = image.json(&[&["policy", "explain"], &words[..], &call[..]].concat());
    assert_eq!(
        (code, told["caller"].as_str()),
        (0, Some("modprobe")),
        "{told}"
    );
    assert!(
        !told["answer"]["environment"]
            .to_string()
            .contains("LD_PRELOAD"),
        "{told}"
    );
}

#[test]
fn a_program_that_others_can_write_is_explained_as_untrusted() {
    let image = Image::with_policies();
    image.run_modprobe();
    image.mode("/usr/sbin/modprobe", 0o777);
    let (told, code) = image.explain(&["/sbin/modprobe", "-q", "--", "x"]);
    assert_eq!(
        (code, told["decision"].as_str(), told["why"].as_str()),
        (1, Some("deny"), Some("trust"))
    );
    assert!(
        told["detail"]
            .as_str()
            .unwrap()
            .contains("/usr/sbin/modprobe"),
        "{told}"
    );
}

#[test]
fn a_missing_poweroff_is_answered_by_umh_itself() {
    let (told, code) = Image::with_policies().explain(&["/sbin/poweroff"]);
    assert_eq!(
        (code, told["answer"]["kind"].as_str()),
        (0, Some("builtin")),
        "{told}"
    );
    assert_eq!(told["answer"]["missing"], "/sbin/poweroff");
}

#[test]
fn a_module_filter_without_an_index_is_told_to_go_by_names_alone() {
    let image = Image::with_policies();
    let filter = "version = 1\n[modules]\ndeny = [\"rds\"]\n";
    image.write("/etc/umh/policy.d/50-modules.toml", filter);
    let (told, _) = image.explain(&["/sbin/modprobe", "-q", "--", "net-pf-21"]);
    assert_eq!(told["decision"], "allow", "{told}");
    assert_eq!(told["ignored"][0]["file"], "/lib/modules", "{told}");
    let (told, _) = image.explain(&["/sbin/modprobe", "-q", "--", "rds"]);
    assert_eq!(
        (&told["why"], &told["detail"]),
        (&"module".into(), &"rds".into())
    );
}

#[test]
fn the_explanation_for_a_person_names_check_and_rule() {
    let out = Image::with_policies().umh(&[
        "policy",
        "explain",
        "--",
        "/sbin/modprobe",
        "-q",
        "--",
        "-e",
    ]);
    out.code(0)
        .stdout(contains("the arguments fit rule modprobe").and(contains("decision")));
    let wrong = Image::with_policies().umh(&[
        "policy",
        "explain",
        "--caller",
        "reboot",
        "--",
        "/sbin/reboot",
        "now",
    ]);
    wrong
        .code(2)
        .stderr(contains("reboot makes no call with these arguments"));
    Image::with_policies()
        .umh(&["policy", "explain", "--fd", "x", "--", "/sbin/reboot"])
        .code(2)
        .stderr(contains("--fd 0=pipe"));
}

#[test]
fn try_needs_root_and_says_so() {
    let image = Image::with_policies();
    let out = image.umh(&["policy", "try", "--", "/tmp/evil", "-q", "--", "x"]);
    match rustix::process::geteuid().is_root() {
        true => out.code(1).stdout(contains("why=path")),
        false => out.code(3).stderr(contains("umh policy explain")),
    };
}

#[test]
fn a_link_to_umh_is_no_handler_and_umh_answers_itself() {
    let image = Image::with_policies();
    image.write("/usr/sbin/usermode-helper", "\x7fELF");
    image.mode("/usr/sbin/usermode-helper", 0o700);
    std::os::unix::fs::symlink("/sbin/usermode-helper", image.path("/usr/sbin/request-key"))
        .unwrap();
    let argv = ["/sbin/request-key", "create", "1", "0", "0", "0", "0", "0"];
    let (told, code) = image.explain(&argv);
    assert_eq!(
        (code, told["answer"]["kind"].as_str()),
        (0, Some("builtin")),
        "{told}"
    );
}

#[test]
fn the_pattern_that_install_writes_fits_the_rule() {
    let image = Image::with_policies();
    image.write("/usr/lib/systemd/systemd-coredump", "\x7fELF");
    image.mode("/usr/lib/systemd/systemd-coredump", 0o755);
    // What kernels make of `%P %u %g %s %t %c %h`, then with `%d`, then `%F`.
    let words = [
        "/usr/lib/umh/core",
        "1",
        "0",
        "0",
        "11",
        "1700000000",
        "18446744073709551615",
        "host",
        "1",
        "3",
    ];
    for length in [8, 9, 10] {
        let (told, code) = image.explain(&words[..length]);
        assert_eq!(
            (code, told["answer"]["path"].as_str()),
            (0, Some("/usr/lib/systemd/systemd-coredump")),
            "{told}"
        );
        assert_eq!(
            told["answer"]["environment"].as_array().map(Vec::len),
            Some(0),
            "{told}"
        );
    }
}

#[test]
fn try_goes_as_far_as_the_kernels_own_answer() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let image = Image::with_policies();
    image.run_modprobe();
    image.write(
        "/usr/sbin/modprobe",
        std::fs::read("/proc/self/exe").unwrap(),
    );
    image.mode("/usr/sbin/modprobe", 0o755);
    let (told, code) = image.json(&["policy", "try", "--", "/sbin/modprobe", "-q", "--", "x"]);
    assert_eq!(
        (code, told["decision"].as_str()),
        (0, Some("allow")),
        "{told}"
    );
    let kernel = told["answer"]["kernel"].as_str().unwrap();
    let answers = ["would execute it", "cannot be asked", "was not asked"];
    assert!(
        answers.iter().any(|answer| kernel.starts_with(answer)),
        "{told}"
    );
}

#[test]
fn what_nobody_said_is_called_guessed() {
    let image = Image::with_policies();
    let words = ["--", "/sbin/modprobe", "-q", "--", "x"];
    let bare = [&["policy", "explain"][..], &words].concat();
    let (told, _) = image.json(&bare);
    assert_eq!(
        told["assumed"],
        serde_json::json!(["caller", "environment", "descriptors"])
    );
    image
        .umh(&bare)
        .stdout(contains("guessed  caller, environment, descriptors:"));

    let options = ["--caller", "modprobe", "--env", "HOME=/", "--env"];
    let rest = ["TERM=linux", "--env", "PATH=/sbin:/usr/sbin:/bin:/usr/bin"];
    let said = [&["policy", "explain"][..], &options, &rest, &words].concat();
    let (told, _) = image.json(&said);
    assert_eq!(told["assumed"], serde_json::json!(["descriptors"]));
}
