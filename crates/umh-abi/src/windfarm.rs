// SPDX-License-Identifier: MIT OR Apache-2.0

//! An Apple PowerPC machine is too hot: `critical_overtemp`.
//!
//! `drivers/macintosh/windfarm_core.c:wf_critical_overtemp`, 30 s before the
//! kernel turns the machine off. The environment is writable in the kernel:
//! three words tell the call from those of one word with two or none.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// Notice of overheating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windfarm<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
}

impl<'a> Windfarm<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "windfarm",
        source: "drivers/macintosh/windfarm_core.c:wf_critical_overtemp",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/critical_overtemp"),
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let three = invocation.envp.len() == environment::WITH_TERM.len();
        (marked && three).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        environment::write(&environment::WITH_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}
