// SPDX-License-Identifier: MIT OR Apache-2.0

//! Real inits as PID 1, with as little configuration as makes each start
//! `/init service` and, when it goes down in its own way, `/init down`.
//! Only that last step begins the case, so a machine that is forced down has
//! passed nothing.

use super::{Entry, Origin, file};

/// busybox init (`init/init.c`) powers off by itself after `shutdown`.
pub(super) fn busybox() -> Vec<Entry> {
    let inittab = "::sysinit:/init prepare\n::once:/init service\n::shutdown:/init down\n";
    vec![
        Entry::Link {
            path: "/usr/sbin/init",
            target: "../bin/busybox",
        },
        file("/etc/inittab", 0o644, Origin::Text(inittab)),
    ]
}

/// sysvinit leaves the last step to the scripts of runlevel 0.
pub(super) fn sysvinit() -> Vec<Entry> {
    let inittab = "id:2:initdefault:\nsi::sysinit:/init prepare\nl2:2:once:/init service\nl0:0:wait:/etc/rc0\n";
    let rc0 = "#!/bin/busybox sh\n/init down\nexec /bin/busybox poweroff -f\n";
    vec![
        file(
            "/usr/sbin/init",
            0o755,
            Origin::Package {
                package: "sysvinit-core",
                path: "/sbin/init",
            },
        ),
        file("/etc/inittab", 0o644, Origin::Text(inittab)),
        file("/etc/rc0", 0o755, Origin::Text(rc0)),
    ]
}

/// openrc-init leaves all but its pipe to the program openrc.
pub(super) fn openrc() -> Vec<Entry> {
    let openrc = "#!/bin/busybox sh\ncase $1 in\nsysinit) /init prepare && /bin/busybox mkdir -p /run/openrc;;\ndefault) /init service & ;;\nshutdown) exec /init down;;\nesac\n";
    vec![
        file(
            "/usr/sbin/init",
            0o755,
            Origin::Package {
                package: "openrc",
                path: "/sbin/openrc-init",
            },
        ),
        file("/usr/sbin/openrc", 0o755, Origin::Text(openrc)),
    ]
}

/// finit mounts by itself, and hides what its shutdown hook says.
pub(super) fn finit() -> Vec<Entry> {
    let link = |path, target| Entry::Link { path, target };
    let text = |path, mode, text| file(path, mode, Origin::Text(text));
    vec![
        file(
            "/usr/sbin/finit",
            0o755,
            Origin::Package {
                package: "finit",
                path: "/sbin/finit",
            },
        ),
        link("/usr/sbin/init", "finit"),
        link("/usr/bin/sh", "busybox"),
        link("/usr/bin/mount", "busybox"),
        link("/usr/bin/umount", "busybox"),
        link("/usr/sbin/swapoff", "../bin/busybox"),
        Entry::Directory {
            path: "/var",
            mode: 0o755,
        },
        link("/var/run", "../run"),
        text("/etc/passwd", 0o644, "root:x:0:0:root:/:/bin/sh\n"),
        text("/etc/group", 0o644, "root:x:0:\n"),
        text("/etc/fstab", 0o644, "# none\n"),
        text(
            "/etc/finit.conf",
            0o644,
            "runlevel 2\nhost finit\nshutdown /etc/down\ntask [2] /etc/service -- asks\n",
        ),
        text(
            "/etc/service",
            0o755,
            "#!/bin/busybox sh\n/init prepare && exec /init service\n",
        ),
        text("/etc/down", 0o755, "#!/bin/busybox sh\nexec /init down\n"),
    ]
}

/// runit's three stages; `runit-init` becomes `runit`.
pub(super) fn runit() -> Vec<Entry> {
    let stage = |path, script| file(path, 0o755, Origin::Text(script));
    vec![
        file(
            "/usr/sbin/init",
            0o755,
            Origin::Package {
                package: "runit",
                path: "/lib/runit/runit-init",
            },
        ),
        file(
            "/usr/sbin/runit",
            0o755,
            Origin::Package {
                package: "runit",
                path: "/sbin/runit",
            },
        ),
        Entry::Directory {
            path: "/etc/runit",
            mode: 0o755,
        },
        stage("/etc/runit/1", "#!/bin/busybox sh\nexec /init prepare\n"),
        stage(
            "/etc/runit/2",
            "#!/bin/busybox sh\n/init service &\nexec /bin/busybox sleep 1000\n",
        ),
        stage("/etc/runit/3", "#!/bin/busybox sh\nexec /init down\n"),
    ]
}
