// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh install` and `umh uninstall` on a root directory of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use image::installation::{Outcome, run, undo};
use image::{Image, elf};
use umh_cli::args;
use umh_cli::install::{Sources, install};
use umh_cli::tree::Tree;

#[test]
fn an_installation_places_programs_links_and_settings() {
    let image = Image::new();
    run(&image, &[]).code(0);
    let mode = |path: &str| fs::metadata(image.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("/usr/sbin/usermode-helper"), 0o700);
    assert_eq!(mode("/usr/bin/umh"), 0o755);
    assert_eq!(
        fs::read(image.path("/usr/sbin/usermode-helper")).unwrap(),
        elf(1)
    );
    for name in [
        "modprobe",
        "core",
        "uevent",
        "request-key",
        "release-agent",
        "poweroff",
    ] {
        let link = fs::read_link(image.path(&format!("/usr/lib/umh/{name}"))).unwrap();
        assert_eq!(link.to_str(), Some("/sbin/usermode-helper"), "{name}");
    }
    assert_eq!(
        fs::read_link(image.path("/sbin/request-key"))
            .unwrap()
            .to_str(),
        Some("/sbin/usermode-helper")
    );
    let settings = image.read("/usr/lib/sysctl.d/50-umh.conf");
    assert!(
        settings.contains("\nkernel.modprobe=/usr/lib/umh/modprobe\n"),
        "{settings}"
    );
    assert!(
        settings.contains("\nkernel.poweroff_cmd=/usr/lib/umh/poweroff\n"),
        "{settings}"
    );
    assert!(
        !settings.contains("core_pattern"),
        "there is no crash handler: {settings}"
    );
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_it_would() {
    let image = Image::new();
    let before = image.everything();
    run(&image, &["--dry-run"])
        .code(0)
        .says("create  /sbin/usermode-helper")
        .says("dry run");
    assert_eq!(image.everything(), before);
}

#[test]
fn a_second_installation_changes_nothing() {
    let image = Image::new();
    run(&image, &[]).code(0);
    let before = image.everything();
    run(&image, &[]).code(0).says("in place already");
    assert_eq!(image.everything(), before);
}

#[test]
fn uninstall_leaves_the_tree_as_it_was() {
    let image = Image::new();
    let before = image.everything();
    run(&image, &[]).code(0);
    undo(&image).code(0);
    assert_eq!(image.everything(), before);
    undo(&image).code(3).says("placed nothing here");
}

#[test]
fn uninstall_keeps_what_others_changed_or_added() {
    let image = Image::new();
    run(&image, &[]).code(0);
    image.write(
        "/usr/lib/sysctl.d/50-umh.conf",
        "kernel.modprobe=/sbin/modprobe\n",
    );
    image.write("/usr/lib/umh/policy.d/10-mine.toml", "version = 1\n");
    undo(&image).code(0).says("50-umh.conf was changed since");
    assert_eq!(
        image.read("/usr/lib/sysctl.d/50-umh.conf"),
        "kernel.modprobe=/sbin/modprobe\n"
    );
    assert!(image.path("/usr/lib/umh/policy.d/10-mine.toml").exists());
    assert!(!image.path("/sbin/usermode-helper").exists());
    assert!(!image.path("/usr/lib/umh/manifest.json").exists());
}

#[test]
fn an_upgrade_replaces_what_umh_placed() {
    let image = Image::new();
    run(&image, &[]).code(0);
    let newer = [elf(1), b"newer".to_vec()].concat();
    fs::write(image.helper(), &newer).unwrap();
    run(&image, &[])
        .code(0)
        .says("replace /sbin/usermode-helper");
    assert_eq!(
        fs::read(image.path("/sbin/usermode-helper")).unwrap(),
        newer
    );
    undo(&image).code(0);
    assert!(!image.path("/sbin/usermode-helper").exists());
}

#[test]
fn what_is_no_longer_wanted_is_removed_by_the_next_installation() {
    let image = Image::new();
    run(&image, &[]).code(0);
    run(&image, &["--without", "request-key"])
        .code(0)
        .says("remove  /sbin/request-key");
    assert!(image.path("/sbin/request-key").symlink_metadata().is_err());
}

#[test]
fn a_foreign_file_is_never_overwritten() {
    let image = Image::new();
    image.write("/usr/bin/umh", "somebody else's");
    let before = image.everything();
    run(&image, &[])
        .code(1)
        .says("usr/bin/umh exists and was not placed by umh")
        .says("mv ");
    assert_eq!(image.everything(), before);
}

#[test]
fn an_installed_request_key_stays() {
    let image = Image::new();
    image.write("/usr/sbin/request-key", "keyutils");
    run(&image, &[]).code(0).says("leave   /sbin/request-key");
    assert_eq!(image.read("/sbin/request-key"), "keyutils");
    undo(&image).code(0);
    assert_eq!(image.read("/sbin/request-key"), "keyutils");
}

#[test]
fn a_missing_root_and_a_directory_that_is_none_are_refused() {
    let image = Image::new();
    let empty = tempfile::tempdir().unwrap();
    let tree = Tree::open(Some(empty.path())).unwrap();
    let sources = Sources {
        program: image.program(),
        helper: image.helper(),
    };
    let args = args::Install {
        helper: None,
        without: Vec::new(),
        tools: None,
        how: args::How {
            dry_run: false,
            now: false,
        },
    };
    Outcome::of(install(&tree, &sources, &args))
        .code(1)
        .says("does not look like the root of a system");
    let missing = Tree::open(Some(Path::new("/no/such/root"))).unwrap_err();
    assert!(missing.to_string().contains("--root"), "{missing}");
}

#[test]
fn a_helper_that_could_not_start_early_is_refused() {
    let image = Image::new();
    fs::write(image.helper(), elf(3)).unwrap();
    run(&image, &[]).code(2).says("linked dynamically");
    fs::write(image.helper(), "#!/bin/sh\n").unwrap();
    run(&image, &[]).code(2).says("is not a 64-bit ELF program");
    fs::remove_file(image.helper()).unwrap();
    run(&image, &[]).code(3).says("--helper PATH");
}

#[test]
fn a_link_that_leads_out_of_the_image_is_not_followed() {
    let image = Image::new();
    let outside = tempfile::tempdir().unwrap();
    fs::remove_dir(image.path("/usr/bin")).unwrap();
    symlink(outside.path(), image.path("/usr/bin")).unwrap();
    run(&image, &[]).code(1).says("usr/bin is missing");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_manifest_that_is_broken_or_hostile_is_refused() {
    let image = Image::new();
    for manifest in [
        "",
        "{}",
        r#"{"version":2,"items":{},"settings":{}}"#,
        r#"{"version":1,"items":{"/usr/../x":[]},"settings":{}}"#,
    ] {
        image.write("/usr/lib/umh/manifest.json", manifest);
        undo(&image).code(2).says("not a list of placed files");
    }
}

#[test]
fn the_program_itself_shows_every_step_as_json() {
    let image = Image::new();
    let helper = image.helper();
    let (plan, code) = image.json(&["install", "--dry-run", "--helper", helper.to_str().unwrap()]);
    assert_eq!(
        (code, plan["dry_run"].as_bool(), plan["done"].as_bool()),
        (0, Some(true), Some(false))
    );
    let steps = plan["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["path"] == "/sbin/usermode-helper" && step["act"] == "create"),
        "{plan}"
    );
    assert_eq!(plan["settings"][0]["name"], "kernel.modprobe");
}

#[test]
fn an_error_is_json_too_and_names_the_remedy() {
    let image = Image::new();
    let output = image
        .umh(&["--json", "uninstall"])
        .code(3)
        .get_output()
        .clone();
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(
        error["error"].as_str().unwrap().contains("manifest.json"),
        "{error}"
    );
    assert!(
        error["remedy"].is_string() && output.stdout.is_empty(),
        "{error}"
    );
}

#[test]
fn what_was_installed_passes_its_own_check() {
    let image = Image::new();
    run(&image, &[]).code(0);
    let (found, code) = image.json(&["policy", "check"]);
    assert_eq!(
        (code, found["findings"].as_array().map(Vec::len)),
        (0, Some(0)),
        "{found}"
    );
}

#[test]
fn tools_are_links_that_stay_until_they_are_left_out() {
    let image = Image::new();
    let before = image.everything();
    run(&image, &["--tools"])
        .code(0)
        .says("create  /usr/local/sbin/modprobe");
    for path in [
        "sbin/modprobe",
        "sbin/rmmod",
        "sbin/modinfo",
        "bin/lsmod",
        "bin/kmod",
    ] {
        let link = fs::read_link(image.path(&format!("/usr/local/{path}"))).unwrap();
        assert_eq!(link.to_str(), Some("/usr/bin/umh"), "{path}");
    }
    run(&image, &[]).code(0).says("in place already");
    run(&image, &["--without", "tools"])
        .code(0)
        .says("remove  /usr/local/sbin/modprobe");
    assert!(!image.path("/usr/local").exists());
    run(&image, &["--tools"]).code(0);
    undo(&image).code(0);
    assert_eq!(image.everything(), before);
}

#[test]
fn tools_of_a_package_are_not_replaced() {
    let image = Image::new();
    let before = image.everything();
    run(&image, &["--tools=/usr"])
        .code(1)
        .says("/usr/sbin/modprobe exists and was not placed by umh");
    assert_eq!(image.everything(), before);
    image.write("/var/lib/dpkg/info/kmod.list", "");
    run(&image, &["--tools=/usr"]).says("dpkg-divert --local --rename --add /usr/sbin/modprobe");
    fs::remove_file(image.path("/usr/sbin/modprobe")).unwrap();
    run(&image, &["--tools=/usr", "--without", "modprobe"])
        .code(0)
        .says("create  /usr/sbin/modprobe");
    run(&image, &["--tools=usr"])
        .code(2)
        .says("no absolute path");
}
