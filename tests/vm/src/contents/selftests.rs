// SPDX-License-Identifier: MIT OR Apache-2.0

//! Linux's own tests, and the programs that their scripts run.

use super::{Entry, Origin, file};
use crate::plan::Kernel;

const KMOD: &[(&str, &str)] = &[
    ("/usr/lib/selftests/kmod/kmod.sh", "kmod/kmod.sh"),
    ("/usr/lib/selftests/kmod/config", "kmod/config"),
];

const FIRMWARE: &[(&str, &str)] = &[
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
    // busybox has these with less options.
    ("/usr/bin/sleep", "sleep", "coreutils"),
    ("/usr/bin/mktemp", "mktemp", "coreutils"),
    ("/usr/bin/diff", "diff", "diffutils"),
];

/// busybox has every part of it.
const ZGREP: &str = "#!/bin/bash\n# zgrep -q PATTERN FILE\nzcat \"$3\" | grep -q \"$2\"\n";

/// Those of kmod; where every call comes to us, with umh in its place.
pub(super) fn kmod(kernel: Kernel) -> Vec<Entry> {
    let mut entries = scripts("/usr/lib/selftests/kmod", KMOD);
    entries.extend(capsh());
    if kernel.has_option() {
        let directory = |path| Entry::Directory { path, mode: 0o755 };
        let link = |path| Entry::Link {
            path,
            target: "umh",
        };
        entries.extend([
            directory("/opt"),
            directory("/opt/umh"),
            file("/opt/umh/umh", 0o755, Origin::Umh),
            link("/opt/umh/modprobe"),
            link("/opt/umh/kmod"),
        ]);
    }
    entries
}

/// Those of firmware.
pub(super) fn firmware() -> Vec<Entry> {
    let mut entries = scripts("/usr/lib/selftests/firmware", FIRMWARE);
    let programs = PROGRAMS
        .iter()
        .map(|&(path, name, package)| file(path, 0o755, Origin::Program { name, package }));
    entries.extend(programs);
    entries.push(file("/usr/bin/zgrep", 0o755, Origin::Text(ZGREP)));
    entries.extend(capsh());
    entries
}

fn scripts(folder: &'static str, files: &[(&'static str, &'static str)]) -> Vec<Entry> {
    let folders = ["/usr/lib/selftests", folder];
    let folders = folders.map(|path| Entry::Directory { path, mode: 0o755 });
    let files = files
        .iter()
        .map(|(path, name)| file(path, 0o755, Origin::Selftest(name)));
    folders.into_iter().chain(files).collect()
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
