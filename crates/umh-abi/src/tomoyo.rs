// SPDX-License-Identifier: MIT OR Apache-2.0

//! TOMOYO wants its policy loaded: `tomoyo-init`.
//!
//! `security/tomoyo/load_policy.c:tomoyo_load_policy`, once, before the first
//! program (`/sbin/init`) starts, which waits. One word is all there is, so
//! the environment, on the kernel's stack, is required whole.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A request to load TOMOYO's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tomoyo<'a> {
    /// The program that the kernel meant to run: `TOMOYO_loader=`.
    pub program: &'a [u8],
}

impl<'a> Tomoyo<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "tomoyo",
        source: "security/tomoyo/load_policy.c:tomoyo_load_policy",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "TOMOYO_loader",
            default: "/sbin/tomoyo-init",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let plain = environment::is(&invocation.envp, &environment::WITHOUT_TERM);
        (marked && plain).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}
