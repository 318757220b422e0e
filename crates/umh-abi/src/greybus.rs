// SPDX-License-Identifier: MIT OR Apache-2.0

//! A Greybus network stopped answering: `start unipro_reset`.
//!
//! `drivers/greybus/svc_watchdog.c:greybus_reset`: Android's init is to run
//! its service. The environment is writable in the kernel: only one that
//! marks a `kernel.poweroff_cmd` of these words is refused.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A request to reset the Greybus network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greybus<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
}

impl<'a> Greybus<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "greybus",
        source: "drivers/greybus/svc_watchdog.c:greybus_reset",
        kernels: Kernels::Both,
        program: Program::Fixed("/system/bin/start"),
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, b"unipro_reset"] = invocation.argv.exactly()? else {
            return None;
        };
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let poweroff = environment::is(&invocation.envp, &environment::WITHOUT_TERM);
        let plain = !poweroff && !invocation.envp.is_empty();
        (marked && plain).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.arg(&[b"unipro_reset"]);
        environment::write(&environment::GREYBUS, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}
