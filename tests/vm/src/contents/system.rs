// SPDX-License-Identifier: MIT OR Apache-2.0

//! A whole Debian system with systemd, whose last unit is [`crate::guest`]'s.

use super::{Entry, Modules, Origin, file};

/// What makes the essential packages a machine that boots, and has the crash
/// handler that people have.
const PACKAGES: &[&str] = &["systemd-sysv", "udev", "kmod", "dbus", "systemd-coredump"];

/// Starts when everything else has, and stops with everything else.
const UNIT: &str = "\
[Unit]
Description=What the guest reports
After=multi-user.target

[Service]
ExecStart=/init booted
ExecStop=/init down
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
";

/// The system and ours on top of it.
pub(super) fn tree(release: &'static str, umh: bool) -> Vec<Entry> {
    vec![
        Entry::Directory {
            path: "/",
            mode: 0o755,
        },
        Entry::System {
            release,
            packages: PACKAGES,
            umh,
        },
        Entry::Modules(Modules::All),
        file("/init", 0o755, Origin::Guest),
        file("/usr/lib/umh-vm.ko", 0o644, Origin::TestModule),
        file(
            "/etc/systemd/system/umh-vm.service",
            0o644,
            Origin::Text(UNIT),
        ),
        Entry::Link {
            path: "/etc/systemd/system/multi-user.target.wants/umh-vm.service",
            target: "../umh-vm.service",
        },
    ]
}
