// SPDX-License-Identifier: MIT OR Apache-2.0

//! What several of the tests need: calls as the kernel makes them.

mod files;
mod judging;
mod narrowing;

use rustix::io::Errno;
use umh_abi::{Descriptor, Fingerprint, Invocation, Message, Words};

use super::{Policy, Verdict};
use crate::modules::Modules;
use crate::sys::Root;
use crate::verdict::Decision;

/// A call, kept.
#[derive(Clone, Debug)]
pub(super) struct Call {
    argv: Vec<u8>,
    envp: Vec<u8>,
    fingerprint: Fingerprint,
}

impl Call {
    fn new(argv: &[&str], envp: &[&str], fingerprint: Fingerprint) -> Self {
        let block = |words: &[&str]| {
            words
                .iter()
                .flat_map(|word| [word.as_bytes(), b"\0"].concat())
                .collect()
        };
        Self {
            argv: block(argv),
            envp: block(envp),
            fingerprint,
        }
    }

    /// A module request that runs `program`.
    pub(super) fn modprobe(program: &str, name: &str) -> Self {
        Self::new(
            &[program, "-q", "--", name],
            &["HOME=/", "TERM=linux", "PATH=/sbin"],
            Fingerprint::PROC,
        )
    }

    /// A core dump to the words of a pattern.
    pub(super) fn core(words: &[&str]) -> Self {
        let fingerprint = Fingerprint {
            stdin: Descriptor::Pipe,
            core_limit_one: true,
            ..Fingerprint::EXEC
        };
        Self::new(words, &[], fingerprint)
    }

    /// A power-off that runs the words of `kernel.poweroff_cmd`.
    pub(super) fn poweroff(words: &[&str]) -> Self {
        Self::new(words, ENV_B, Fingerprint::EXEC)
    }

    pub(super) fn invocation(&self) -> Invocation<'_> {
        Invocation {
            argv: Words::new(&self.argv).unwrap(),
            envp: Words::new(&self.envp).unwrap(),
            fingerprint: self.fingerprint,
        }
    }

    /// What a policy decides where nobody can tell what modules there are.
    pub(super) fn under(&self, policy: &Policy<'_>) -> (Decision, crate::verdict::Reason) {
        self.judged(policy, |verdict| (verdict.decision, verdict.reason))
    }

    pub(super) fn judged<T>(&self, policy: &Policy<'_>, tell: impl FnOnce(&Verdict<'_>) -> T) -> T {
        let invocation = self.invocation();
        match Message::parse(&invocation) {
            Ok(message) => {
                let unknown = Modules::running(&Root::System, || Err(Errno::NOMEM));
                tell(&policy.judge(&unknown, &message, &invocation, &mut |_| {}))
            }
            Err(why) => tell(&policy.judge_unrecognised(why, &invocation)),
        }
    }
}

const ENV_B: &[&str] = &["HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin"];
const ENV_A: &[&str] = &["HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin"];

/// systemd's words for core_pattern, up to version 256.
pub(super) const CORE: [&str; 8] = [
    "/usr/lib/systemd/systemd-coredump",
    "1234",
    "1000",
    "1000",
    "11",
    "1700000000",
    "18446744073709551615",
    "host",
];

/// A call of every caller that has a built-in rule, as the kernel makes it.
pub(super) fn kernel_calls() -> Vec<Call> {
    let (exec, proc) = (Fingerprint::EXEC, Fingerprint::PROC);
    let uevent = &[
        "ACTION=add",
        "DEVPATH=/devices/x",
        "SUBSYSTEM=block",
        "SEQNUM=7",
        "HOME=/",
        "PATH=/sbin:/bin:/usr/sbin:/usr/bin",
    ];
    let drbd = &[
        "HOME=/",
        "TERM=linux",
        "PATH=/sbin:/usr/sbin:/bin:/usr/bin",
        "DRBD_PEER_AF=ipv4",
        "DRBD_PEER_ADDRESS=10.0.0.1",
    ];
    let greybus = &[
        "HOME=/",
        "PATH=/sbin:/vendor/bin:/system/sbin:/system/bin:/system/xbin",
    ];
    vec![
        Call::modprobe("/sbin/modprobe", "net-pf-9"),
        Call::core(&CORE),
        Call::poweroff(&["/sbin/poweroff"]),
        Call::new(&["/sbin/reboot"], ENV_B, exec),
        Call::new(
            &[
                "/sbin/request-key",
                "create",
                "77",
                "1000",
                "-2",
                "0",
                "0",
                "12",
            ],
            ENV_B,
            proc,
        ),
        Call::new(&["/sbin/mdev", "block"], uevent, exec),
        Call::new(&["/sbin/hotplug", "block"], uevent, exec),
        Call::new(
            &["/usr/lib/systemd/systemd-cgroups-agent", "/user.slice/a"],
            ENV_B,
            exec,
        ),
        Call::new(&["/usr/lib/umh/release-agent", "/a b"], ENV_B, exec),
        Call::new(&["/sbin/bridge-stp", "br0", "start"], &[], proc),
        Call::new(&["/sbin/drbdadm", "split-brain", "minor-3"], drbd, proc),
        Call::new(&["/sbin/drbdadm", "fence-peer", "r0"], drbd, proc),
        Call::new(
            &["/sbin/nfs_cache_getent", "dns_resolve", "server.example"],
            ENV_A,
            exec,
        ),
        Call::new(
            &["/sbin/nfsd-recall-failed", "192.0.2.1", "sda1"],
            ENV_A,
            proc,
        ),
        Call::new(&["/sbin/ocfs2_hb_ctl", "-K", "-u", "0123ABCD"], ENV_B, proc),
        Call::new(&["/sbin/tomoyo-init"], ENV_B, proc),
        Call::new(&["/sbin/v86d"], &["HOME=/", "PATH=/sbin:/bin"], proc),
        Call::new(&["/sbin/critical_overtemp"], ENV_A, exec),
        Call::new(&["/system/bin/start", "unipro_reset"], greybus, exec),
    ]
}
