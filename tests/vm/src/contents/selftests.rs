// SPDX-License-Identifier: MIT OR Apache-2.0

//! Linux's own tests, and the programs that their scripts run.

use super::{Entry, Origin, file};

const DIRECTORIES: &[&str] = &[
    "/usr/lib/selftests",
    "/usr/lib/selftests/kmod",
    "/usr/lib/selftests/firmware",
];

const FILES: &[(&str, &str)] = &[
    ("/usr/lib/selftests/kmod/kmod.sh", "kmod/kmod.sh"),
    ("/usr/lib/selftests/kmod/config", "kmod/config"),
    (
        "/usr/lib/selftests/firmware/fw_lib.sh",
        "firmware/fw_lib.sh",
    ),
    (
        "/usr/lib/selftests/firmware/fw_filesystem.sh",
        "firmware/fw_filesystem.sh",
    ),
    (
        "/usr/lib/selftests/firmware/fw_fallback.sh",
        "firmware/fw_fallback.sh",
    ),
    (
        "/usr/lib/selftests/firmware/fw_upload.sh",
        "firmware/fw_upload.sh",
    ),
    (
        "/usr/lib/selftests/firmware/fw_namespace",
        "firmware/fw_namespace",
    ),
    ("/usr/lib/selftests/firmware/config", "firmware/config"),
];

const PROGRAMS: &[(&str, &str, &str)] = &[
    ("/usr/bin/xz", "xz", "xz-utils"),
    ("/usr/bin/zstd", "zstd", "zstd"),
];

/// busybox has every part of it.
const ZGREP: &str = "#!/bin/bash\n# zgrep -q PATTERN FILE\nzcat \"$3\" | grep -q \"$2\"\n";

/// The suites' own entries.
pub(super) fn entries() -> Vec<Entry> {
    let directories = DIRECTORIES
        .iter()
        .map(|path| Entry::Directory { path, mode: 0o755 });
    let files = FILES
        .iter()
        .map(|(path, name)| file(path, 0o755, Origin::Selftest(name)));
    let programs = PROGRAMS
        .iter()
        .map(|&(path, name, package)| file(path, 0o755, Origin::Program { name, package }));
    let zgrep = file("/usr/bin/zgrep", 0o755, Origin::Text(ZGREP));
    let own = directories.chain(files).chain(programs).chain([zgrep]);
    own.chain(capsh()).collect()
}

/// What drops a capability and then runs a shell.
pub(super) fn capsh() -> Vec<Entry> {
    let capsh = Origin::Program {
        name: "capsh",
        package: "libcap2-bin",
    };
    let bash = Origin::Program {
        name: "bash",
        package: "bash",
    };
    vec![
        file("/usr/sbin/capsh", 0o755, capsh),
        file("/usr/bin/bash", 0o755, bash),
    ]
}
