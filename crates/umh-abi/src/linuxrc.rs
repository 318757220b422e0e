// SPDX-License-Identifier: MIT OR Apache-2.0

//! An initial RAM disk image is to prepare the root file system: `linuxrc`.
//!
//! `init/do_mounts_initrd.c:handle_initrd` of 6.12; gone in 7.2. Its `init`
//! callback opens the console on descriptors 0 to 2 and makes a session, so
//! the helper lacks the usual marks. What is left: full root, a parent that
//! is no user process, the one constant word, and the environment of init,
//! whose first two words have fixed names (boot parameters replace values).

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::fingerprint::{Descriptor, Fingerprint, Parent};
use crate::words::{Invocation, Words};

/// A request to prepare the root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linuxrc<'a> {
    /// What stands for the program: `linuxrc`, though `/linuxrc` is run.
    pub program: &'a [u8],
    /// The environment that init will get: `HOME`, `TERM`, then what the
    /// kernel's command line adds.
    pub envp: Words<'a>,
    /// Whether descriptors 0 to 2 are `/dev/console`, or that had no node.
    pub console: bool,
}

impl<'a> Linuxrc<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "linuxrc",
        source: "init/do_mounts_initrd.c:handle_initrd",
        kernels: Kernels::Only612,
        program: Program::Fixed("linuxrc"),
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let Invocation {
            argv,
            envp,
            fingerprint,
        } = *invocation;
        let [program @ b"linuxrc"] = argv.exactly()? else {
            return None;
        };
        let kernel = matches!(fingerprint.parent, Parent::Kworker | Parent::Unknown);
        let marked = fingerprint.root && kernel && !fingerprint.sessionless;
        let console = fingerprint.stdin != Descriptor::Closed;
        let mut variables = envp.iter();
        let home = variables.next()?.starts_with(b"HOME=");
        let term = variables.next()?.starts_with(b"TERM=");
        (marked && home && term).then_some(Self {
            program,
            envp,
            console,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        for word in self.envp.iter() {
            sink.env(&[word]);
        }
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        let stdin = if self.console {
            Descriptor::Other
        } else {
            Descriptor::Closed
        };
        Fingerprint {
            sessionless: false,
            stdin,
            other_fds: self.console,
            ..Fingerprint::PROC
        }
    }
}
