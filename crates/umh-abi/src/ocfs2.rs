// SPDX-License-Identifier: MIT OR Apache-2.0

//! A cluster file system was unmounted: `ocfs2_hb_ctl -K -u GROUP`.
//!
//! `fs/ocfs2/stackglue.c:ocfs2_leave_group`: the heartbeat of GROUP is to be
//! stopped; the status is only logged. Recognised by its two options alone.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The longest GROUP: `GROUP_NAME_MAX` (`fs/ocfs2/stackglue.h`).
pub const GROUP_MAX: usize = 64;

/// A heartbeat to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ocfs2<'a> {
    /// The program that the kernel meant to run: `fs.ocfs2.nm.hb_ctl_path`.
    pub program: &'a [u8],
    /// The heartbeat group: the volume's UUID as 32 hexadecimal digits.
    pub group: &'a [u8],
}

impl<'a> Ocfs2<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "ocfs2",
        source: "fs/ocfs2/stackglue.c:ocfs2_leave_group",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "fs.ocfs2.nm.hb_ctl_path",
            default: "/sbin/ocfs2_hb_ctl",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, kill, uuid, group] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let shaped = kill == b"-K" && uuid == b"-u" && (1..=GROUP_MAX).contains(&group.len());
        (marked && shaped).then_some(Self { program, group })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in [self.program, b"-K", b"-u", self.group] {
            sink.arg(&[word]);
        }
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}
