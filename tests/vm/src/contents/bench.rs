// SPDX-License-Identifier: MIT OR Apache-2.0

//! The programs that [`crate::bench`] puts in the helper's place.

use super::{Entry, Origin, file};
use crate::measured::requests::Program;

/// Those of `bench/peers`, and what they read.
pub(super) fn peers() -> Vec<Entry> {
    let policy = include_str!("../../../../bench/peers/dispatcher/policy.toml");
    let mut entries = empty();
    entries.extend([
        folder("/etc/umh-bench"),
        file("/usr/lib/umh-bench/least", 0o755, Origin::Peer("least")),
        file(
            "/usr/lib/umh-bench/dispatcher",
            0o755,
            Origin::Peer("dispatcher"),
        ),
        file("/etc/umh-bench/policy.toml", 0o644, Origin::Text(policy)),
    ]);
    entries
}

/// The one that ends at once.
pub(super) fn empty() -> Vec<Entry> {
    vec![
        folder("/usr/lib/umh-bench"),
        file("/usr/lib/umh-bench/empty", 0o755, Origin::Peer("empty")),
    ]
}

/// kmod of other releases than the host's, busybox by the name that makes it a
/// modprobe, and the modprobe.d of Debian's kmod.
pub(super) fn modprobes() -> Vec<Entry> {
    let kmod = |&program: &Program| match program {
        Program::Kmod(release) => Some(Entry::Kmod {
            release,
            folder: program.folder()?,
        }),
        Program::Helper | Program::Busybox => None,
    };
    let mut entries = vec![
        folder("/usr/lib/umh-bench"),
        Entry::Link {
            path: "/usr/lib/umh-bench/modprobe",
            target: "../../bin/busybox",
        },
        folder("/etc/modprobe.d"),
        folder("/usr/lib/modprobe.d"),
        file(
            "/usr/lib/modprobe.d/aliases.conf",
            0o644,
            Origin::Package {
                package: "kmod",
                path: "/lib/modprobe.d/aliases.conf",
            },
        ),
    ];
    entries.extend(Program::ALL.iter().filter_map(kmod));
    entries
}

const fn folder(path: &'static str) -> Entry {
    Entry::Directory { path, mode: 0o755 }
}
