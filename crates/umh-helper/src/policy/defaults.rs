// SPDX-License-Identifier: MIT OR Apache-2.0

//! The policy that is compiled in: complete, so that a machine without any
//! file behaves safely and boots.
//!
//! The programs are those of the kernel's own defaults and of the packages
//! that set others. `/usr/lib/umh/…` are the links by which a stock kernel
//! reaches umh: a setting such as `kernel.modprobe` names them, and `run`
//! the program that does the work. There is no rule for the machine check
//! trigger, which no default names.

use umh_abi::Caller;

use super::{Caps, Rule, Run};
use crate::toml::Strings;

/// The mount points whose mounts programs may lie on.
pub const MOUNTS: Strings<'static> = Strings::list(&["/", "/usr"]);

/// The rules. `umh policy show` prints them in their file form.
pub const RULES: &[Rule<'static>] = &[
    Rule {
        paths: list(&[
            "/sbin/modprobe",
            "/usr/sbin/modprobe",
            "/usr/bin/modprobe",
            "/usr/lib/umh/modprobe",
        ]),
        args: list(&["-q", "--", "{module}"]),
        run: Run::Builtin,
        // A module's init runs with what its loader has. That of `qrtr`, which
        // modems need, binds a socket of its own (`net/qrtr/ns.c`), for which
        // the kernel wants CAP_NET_ADMIN. No other of Debian's modules wants
        // more than CAP_SYS_MODULE (`cargo xtask vm --suite every-module`).
        caps: Some(Caps::SYS_MODULE.with(Caps::NET_ADMIN)),
        ..Rule::new("modprobe", Caller::Modprobe)
    },
    // The words of systemd's sysctl.d/50-coredump.conf; %d came with version
    // 257, %F with 258, and 262 has %I as well.
    Rule {
        paths: list(&[
            "/usr/lib/systemd/systemd-coredump",
            "/lib/systemd/systemd-coredump",
            "/usr/lib/umh/core",
        ]),
        args: list(&[
            "{pid}",
            "{u32}",
            "{u32}",
            "{signal}",
            "{u64}",
            "{u64}",
            "{hostname}",
            "{dumpable?}",
            "{fd?}",
            "{pid?}",
        ]),
        run: Run::Program("/usr/lib/systemd/systemd-coredump"),
        ..Rule::new("systemd-coredump", Caller::Coredump)
    },
    Rule {
        paths: list(&["/sbin/request-key", "/usr/lib/umh/request-key"]),
        args: list(&[
            "create", "{serial}", "{id}", "{id}", "{serial}", "{serial}", "{serial}",
        ]),
        run: Run::Program("/sbin/request-key"),
        ..Rule::new("request-key", Caller::RequestKey)
    },
    // Events come in storms: no process waits for each of them.
    Rule {
        paths: list(&["/sbin/mdev", "/usr/lib/umh/uevent"]),
        args: list(&["{word}"]),
        run: Run::Program("/sbin/mdev"),
        supervise: false,
        ..Rule::new("mdev", Caller::Uevent)
    },
    Rule {
        paths: list(&["/sbin/hotplug"]),
        args: list(&["{word}"]),
        script: true,
        supervise: false,
        ..Rule::new("hotplug", Caller::Uevent)
    },
    Rule {
        paths: list(&[
            "/usr/lib/systemd/systemd-cgroups-agent",
            "/lib/systemd/systemd-cgroups-agent",
        ]),
        args: list(&["{cgroup}"]),
        ..Rule::new("systemd-cgroups-agent", Caller::ReleaseAgent)
    },
    Rule {
        paths: list(&[
            "/lib/rc/sh/cgroup-release-agent.sh",
            "/usr/libexec/rc/sh/cgroup-release-agent.sh",
        ]),
        args: list(&["{cgroup}"]),
        script: true,
        ..Rule::new("openrc-cgroup-agent", Caller::ReleaseAgent)
    },
    Rule {
        paths: list(&["/usr/lib/umh/release-agent"]),
        args: list(&["{cgroup}"]),
        run: Run::Builtin,
        ..Rule::new("release-agent", Caller::ReleaseAgent)
    },
    // Scripts where OpenRC or s6 is the init.
    Rule {
        paths: list(&[
            "/sbin/poweroff",
            "/usr/sbin/poweroff",
            "/usr/bin/poweroff",
            "/usr/lib/umh/poweroff",
        ]),
        run: Run::Program("/sbin/poweroff"),
        script: true,
        ..Rule::new("poweroff", Caller::Poweroff)
    },
    Rule {
        paths: list(&["/sbin/reboot"]),
        script: true,
        ..Rule::new("reboot", Caller::Reboot)
    },
    Rule {
        paths: list(&["/sbin/bridge-stp"]),
        args: list(&["{ifname}", "{start|stop}"]),
        script: true,
        ..Rule::new("bridge-stp", Caller::BridgeStp)
    },
    Rule {
        paths: list(&["/sbin/drbdadm", "/usr/sbin/drbdadm"]),
        args: list(&[
            "{pri-lost-after-sb|initial-split-brain|split-brain|pri-lost|pri-on-incon-degr|local-io-error|out-of-sync|after-resync-target|before-resync-target|before-resync-source|fence-peer|unfence-peer}",
            "{word}",
        ]),
        ..Rule::new("drbdadm", Caller::Drbd)
    },
    Rule {
        paths: list(&["/sbin/nfs_cache_getent"]),
        args: list(&["dns_resolve", "{word}"]),
        script: true,
        ..Rule::new("nfs_cache_getent", Caller::NfsCacheGetent)
    },
    Rule {
        paths: list(&["/sbin/nfsdcltrack", "/usr/sbin/nfsdcltrack"]),
        args: list(&["{init|create|remove|check|gracedone}", "{hex?}"]),
        ..Rule::new("nfsdcltrack", Caller::Nfsdcltrack)
    },
    Rule {
        paths: list(&["/sbin/nfsd-recall-failed"]),
        args: list(&["{word}", "{word}"]),
        script: true,
        ..Rule::new("nfsd-recall-failed", Caller::NfsdRecallFailed)
    },
    Rule {
        paths: list(&["/sbin/ocfs2_hb_ctl", "/usr/sbin/ocfs2_hb_ctl"]),
        args: list(&["-K", "-u", "{word}"]),
        ..Rule::new("ocfs2_hb_ctl", Caller::Ocfs2)
    },
    Rule {
        paths: list(&["/sbin/tomoyo-init", "/usr/sbin/tomoyo-init"]),
        ..Rule::new("tomoyo-init", Caller::Tomoyo)
    },
    Rule {
        paths: list(&["/sbin/v86d"]),
        ..Rule::new("v86d", Caller::Uvesafb)
    },
    Rule {
        paths: list(&["/sbin/pnpbios"]),
        args: list(&["dock"]),
        script: true,
        ..Rule::new("pnpbios", Caller::Pnpbios)
    },
    Rule {
        paths: list(&["/sbin/critical_overtemp"]),
        script: true,
        ..Rule::new("critical_overtemp", Caller::Windfarm)
    },
    Rule {
        paths: list(&["/system/bin/start"]),
        args: list(&["unipro_reset"]),
        ..Rule::new("greybus", Caller::Greybus)
    },
    Rule {
        paths: list(&["/linuxrc"]),
        script: true,
        ..Rule::new("linuxrc", Caller::Linuxrc)
    },
    Rule {
        paths: list(&["/usr/sbin/eppfpga"]),
        args: list(&["-s", "-p", "{u64}", "-m", "{word}"]),
        ..Rule::new("eppfpga", Caller::BaycomEpp)
    },
];

/// Whether the rule of that name takes capabilities away.
pub(super) fn keeps_less_than_all(name: &str) -> bool {
    RULES
        .iter()
        .any(|rule| rule.name == name && rule.caps.is_some())
}

const fn list<'a>(strings: &'a [&'a str]) -> Strings<'a> {
    Strings::list(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_some_system_ships_as_a_script_may_be_one() {
        for name in [
            "hotplug",
            "openrc-cgroup-agent",
            "poweroff",
            "reboot",
            "bridge-stp",
            "nfs_cache_getent",
            "nfsd-recall-failed",
        ] {
            let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
            assert!(rule.script, "{name}");
        }
    }
}
