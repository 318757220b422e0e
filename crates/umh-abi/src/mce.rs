// SPDX-License-Identifier: MIT OR Apache-2.0

//! The processor reported an error: the machine check trigger, one word.
//!
//! `arch/x86/kernel/cpu/mce/dev-mcelog.c:mce_do_trigger`, with
//! `CONFIG_X86_MCELOG_LEGACY`. Recognised by the empty environment; a core
//! dump has one too, but also a pipe.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// Notice of a machine check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mce<'a> {
    /// The program that the kernel meant to run: `trigger` below
    /// `/sys/devices/system/machinecheck`.
    pub program: &'a [u8],
}

impl<'a> Mce<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "mce",
        source: "arch/x86/kernel/cpu/mce/dev-mcelog.c:mce_do_trigger",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "machinecheck0/trigger",
            default: "",
        },
        wait: Wait::No,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        (marked && invocation.envp.is_empty()).then_some(Self { program })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}
