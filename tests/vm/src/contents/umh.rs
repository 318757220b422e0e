// SPDX-License-Identifier: MIT OR Apache-2.0

//! A machine that has never heard of umh, and an unpacked release of it.

use super::{Entry, Origin, file};
use crate::plan::Kernel;

/// What systemd ships (`sysctl.d/50-coredump.conf.in`).
const COREDUMP: &str = "kernel.core_pattern=|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h %d\nkernel.core_pipe_limit=16\n";

/// Whatever `umh install` is to place.
pub(super) fn take_away(entries: &mut Vec<Entry>) {
    let ours = |path: &str| {
        path == "/usr/sbin/usermode-helper"
            || path == "/usr/lib/umh"
            || path.starts_with("/usr/lib/umh/")
    };
    entries.retain(|entry| match entry {
        Entry::Directory { path, .. } | Entry::Link { path, .. } | Entry::File { path, .. } => {
            !ours(path)
        }
        _ => true,
    });
}

/// The release, a crash handler, and the kernel's configuration where the
/// kernel does not tell it by itself.
pub(super) fn add(entries: &mut Vec<Entry>, kernel: Kernel) {
    let directories = ["/opt", "/opt/umh", "/usr/lib/systemd", "/usr/lib/sysctl.d"];
    entries.extend(directories.map(|path| Entry::Directory { path, mode: 0o755 }));
    entries.extend([
        file("/opt/umh/umh", 0o755, Origin::Umh),
        file("/opt/umh/usermode-helper", 0o755, Origin::Helper),
        file("/usr/lib/systemd/systemd-coredump", 0o755, Origin::Probe),
        file(
            "/usr/lib/sysctl.d/50-coredump.conf",
            0o644,
            Origin::Text(COREDUMP),
        ),
    ]);
    if !kernel.has_option() {
        entries.push(Entry::Configuration);
    }
}
