// SPDX-License-Identifier: MIT OR Apache-2.0

//! The VESA frame buffer wants its real-mode daemon: `v86d`.
//!
//! `drivers/video/fbdev/uvesafb.c:uvesafb_helper_start`. The caller waits, so
//! the daemon has to go to the background and its parent to end with 0.
//! TOMOYO's call of one word differs in the environment only, which is on the
//! kernel's stack and required whole.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A request to start the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uvesafb<'a> {
    /// The program that the kernel meant to run: `uvesafb.v86d`.
    pub program: &'a [u8],
}

impl<'a> Uvesafb<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "uvesafb",
        source: "drivers/video/fbdev/uvesafb.c:uvesafb_helper_start",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "uvesafb.v86d",
            default: "/sbin/v86d",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its environment; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let plain = environment::is(&invocation.envp, &environment::UVESAFB);
        (marked && plain).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        environment::write(&environment::UVESAFB, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}
