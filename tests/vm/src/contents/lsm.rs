// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the suites of security modules need beside the programs.

use super::{Entry, Origin, file};

/// Debian's parser, what it asks for, and our profile.
pub(super) fn apparmor() -> Vec<Entry> {
    let directory = |path| Entry::Directory { path, mode: 0o755 };
    let package = |path| Origin::Package {
        package: "apparmor",
        path,
    };
    let profile = include_str!("../../../../dist/apparmor/usermode-helper");
    vec![
        directory("/etc/apparmor.d"),
        directory("/etc/apparmor.d/abi"),
        file(
            "/usr/sbin/apparmor_parser",
            0o755,
            package("/sbin/apparmor_parser"),
        ),
        file(
            "/etc/apparmor.d/abi/3.0",
            0o644,
            package("/etc/apparmor.d/abi/3.0"),
        ),
        file(
            "/etc/apparmor.d/usermode-helper",
            0o644,
            Origin::Text(profile),
        ),
        directory("/etc/apparmor.d/local"),
        file(
            "/etc/apparmor.d/local/usermode-helper",
            0o644,
            Origin::Text(LOCAL),
        ),
    ]
}

/// What is elsewhere on this machine: the cases mount a cgroup here.
const LOCAL: &str = "/mnt/cgroup/** rw,\n";

/// The compiled policy.
pub(super) fn selinux() -> Vec<Entry> {
    let sources = &["tests/vm/selinux/base.cil", "dist/selinux/umh.cil"];
    vec![
        Entry::Directory {
            path: "/etc/selinux",
            mode: 0o755,
        },
        file("/etc/selinux/policy", 0o600, Origin::SelinuxPolicy(sources)),
    ]
}
