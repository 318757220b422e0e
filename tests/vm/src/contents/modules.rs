// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the suite `modules` needs beside the helper.

use super::{Entry, Origin, file};

/// The people's program, and a program of others that asks for algorithms by
/// any name, without privilege.
pub(super) fn extra() -> Vec<Entry> {
    let mut entries = umh();
    entries.push(file(
        "/usr/bin/kcapi-dgst",
        0o755,
        Origin::Package {
            package: "kcapi-tools",
            path: "/usr/bin/kcapi-dgst",
        },
    ));
    entries
}

/// The people's program.
pub(super) fn umh() -> Vec<Entry> {
    let directory = |path| Entry::Directory { path, mode: 0o755 };
    vec![
        directory("/opt"),
        directory("/opt/umh"),
        file("/opt/umh/umh", 0o755, Origin::Umh),
    ]
}
