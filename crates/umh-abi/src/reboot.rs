// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine is to be restarted: `/sbin/reboot`.
//!
//! `kernel/reboot.c:run_cmd` for `orderly_reboot()`. The program is a constant
//! and the only difference to a poweroff of one word, so it is required: a
//! `kernel.poweroff_cmd` of `/sbin/reboot` is this call for its helper too.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A request to restart the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reboot<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
}

impl<'a> Reboot<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "reboot",
        source: "kernel/reboot.c:run_cmd",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/reboot"),
        wait: Wait::Exec,
    };

    /// The whole argument list.
    pub(crate) const ARGV_BLOCK: &'static [u8] = b"/sbin/reboot\0";

    /// Recognises the call by its program; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let two = invocation.envp.len() == environment::WITHOUT_TERM.len();
        let named = invocation.argv.block() == Self::ARGV_BLOCK;
        (marked && two && named).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}
