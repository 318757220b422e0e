// SPDX-License-Identifier: MIT OR Apache-2.0

//! An initrd image, which the kernel mounts read-only as the root of
//! `/linuxrc`; `/linuxrc` makes it the root of PID 1 too.

use super::{Entry, Origin, file};
use crate::plan::Suite;

/// Every call has a line in the kernel's log: there is no `/run` yet.
const POLICY: &str = "version = 1\nlog = \"all\"\n";

/// The image. In that of the capture `/linuxrc` stands in place of
/// usermode-helper.
pub(super) fn image(suite: Suite) -> Vec<Entry> {
    let directories = [
        "/",
        "/dev",
        "/etc",
        "/etc/umh",
        "/etc/umh/policy.d",
        "/mnt",
        "/proc",
        "/run",
        "/sbin",
        "/sys",
    ];
    let mut entries: Vec<Entry> = directories
        .iter()
        .map(|path| Entry::Directory { path, mode: 0o755 })
        .collect();
    let node = |path, device| Entry::Node { path, device };
    entries.extend([
        node("/dev/console", (5, 1)),
        node("/dev/kmsg", (1, 11)),
        node("/dev/null", (1, 3)),
        // What the guest would otherwise make.
        node("/umh-vm-channel", (4, 65)),
        file("/init", 0o755, Origin::Guest),
        file("/linuxrc", 0o755, Origin::Probe),
        file(
            "/etc/umh/policy.d/50-case.toml",
            0o644,
            Origin::Text(POLICY),
        ),
    ]);
    let helper = match suite {
        Suite::CaptureLinuxrc => Origin::Probe,
        _ => Origin::Helper,
    };
    entries.push(file("/sbin/usermode-helper", 0o755, helper));
    entries
}
