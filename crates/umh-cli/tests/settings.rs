// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `umh install` makes of the settings of a root directory of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its expectations by failing"
)]

mod image;

use std::fs;

use image::Image;
use image::installation::{run, undo};
use umh_cli::args;
use umh_cli::install::{Sources, install};
use umh_cli::tree::Tree;
use umh_cli::uninstall;

#[test]
fn a_modprobe_setting_of_others_is_refused_and_can_be_left_alone() {
    let image = Image::new();
    image.write(
        "/etc/sysctl.d/10-hard.conf",
        "kernel.modprobe = /opt/filter\n",
    );
    run(&image, &[])
        .code(1)
        .says("/opt/filter")
        .says("--without modprobe");
    run(&image, &["--without", "modprobe"]).code(0);
    assert!(
        !image
            .read("/usr/lib/sysctl.d/50-umh.conf")
            .contains("kernel.modprobe")
    );
}

#[test]
fn a_root_without_modprobe_needs_none() {
    let image = Image::new();
    fs::remove_file(image.path("/sbin/modprobe")).unwrap();
    run(&image, &[]).code(0);
}

#[test]
fn module_loading_that_was_switched_off_stays_off() {
    let image = Image::new();
    image.write("/proc/sys/kernel/modprobe", "\n");
    run(&image, &[])
        .code(1)
        .says("kernel.modprobe is empty")
        .says("/proc/sys/kernel/modprobe");
}

#[test]
fn the_pattern_of_systemd_coredump_keeps_its_words() {
    let image = Image::new();
    image.write("/usr/lib/systemd/systemd-coredump", "program");
    let words = "%P %u %g %s %t %c %h %d %F";
    let pattern = format!("kernel.core_pattern=|/usr/lib/systemd/systemd-coredump {words}\n");
    image.write("/usr/lib/sysctl.d/50-coredump.conf", pattern);
    run(&image, &[]).code(0);
    let settings = image.read("/usr/lib/sysctl.d/50-umh.conf");
    assert!(
        settings.contains(&format!(
            "\nkernel.core_pattern=|/usr/lib/umh/core {words}\n"
        )),
        "{settings}"
    );
}

#[test]
fn a_core_pattern_of_others_is_left_alone() {
    let image = Image::new();
    image.write("/usr/lib/systemd/systemd-coredump", "program");
    image.write(
        "/usr/lib/sysctl.d/50-coredump.conf",
        "kernel.core_pattern=|/usr/lib/systemd/systemd-coredump %P\n",
    );
    image.write("/proc/sys/kernel/core_pattern", "/var/crash/%p\n");
    run(&image, &[])
        .code(0)
        .says("/var/crash/%p")
        .says("left alone");
    assert!(
        !image
            .read("/usr/lib/sysctl.d/50-umh.conf")
            .contains("core_pattern")
    );
}

#[test]
fn crash_handlers_that_are_found_get_their_rules() {
    let image = Image::new();
    image.write("/usr/share/apport/apport", "#!/usr/bin/python3\n");
    run(&image, &[]).code(0);
    let policy = image.read("/usr/lib/umh/policy.d/50-apport.toml");
    assert!(policy.contains("widen = true"), "{policy}");
    assert!(!image.path("/usr/lib/umh/policy.d/50-abrt.toml").exists());
}

#[test]
fn with_now_the_kernel_is_pointed_here_and_back() {
    let image = Image::new();
    image.write("/proc/sys/kernel/modprobe", "/usr/sbin/modprobe\n");
    image.write("/proc/sys/kernel/poweroff_cmd", "/sbin/poweroff\n");
    let tree = Tree::open(Some(&image.root())).unwrap();
    let sources = Sources {
        program: image.helper(),
        helper: image.helper(),
    };
    let args = args::Install {
        helper: None,
        without: Vec::new(),
        tools: None,
        how: args::How {
            dry_run: false,
            now: true,
        },
    };
    let plan = install(&tree, &sources, &args).unwrap();
    assert!(
        plan.done && plan.settings.iter().all(|change| change.now),
        "{plan:?}"
    );
    assert_eq!(
        image.read("/proc/sys/kernel/modprobe"),
        "/usr/lib/umh/modprobe"
    );

    let how = |now| args::Uninstall {
        how: args::How {
            dry_run: false,
            now,
        },
    };
    let refused = uninstall::run(&how(false), &tree).unwrap();
    assert!(refused.refusals[0].remedy.contains("--now"), "{refused:?}");
    assert!(image.path("/sbin/usermode-helper").exists());
    assert!(uninstall::run(&how(true), &tree).unwrap().done);
    assert_eq!(
        image.read("/proc/sys/kernel/modprobe"),
        "/usr/sbin/modprobe"
    );
    assert_eq!(
        image.read("/proc/sys/kernel/poweroff_cmd"),
        "/sbin/poweroff"
    );
    assert!(!image.path("/sbin/usermode-helper").exists());
}

#[test]
fn a_kernel_with_the_option_keeps_its_helper() {
    let image = Image::new();
    run(&image, &[]).code(0);
    image.write("/proc/sys/kernel/osrelease", "6.12.0\n");
    let config = "CONFIG_STATIC_USERMODEHELPER=y\nCONFIG_STATIC_USERMODEHELPER_PATH=\"/sbin/usermode-helper\"\n";
    image.write("/boot/config-6.12.0", config);
    undo(&image)
        .code(1)
        .says("for every call")
        .says("nothing was changed");
    assert!(image.path("/sbin/usermode-helper").exists());
}
