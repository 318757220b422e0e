// SPDX-License-Identifier: MIT OR Apache-2.0

//! A process crashed and `core_pattern` names a pipe.
//!
//! `fs/coredump.c:coredump_pipe` (7.2), `do_coredump` (6.12): the words of
//! `kernel.core_pattern` after `|`, expanded; the core on descriptor 0; with
//! `%F` a pidfd of the crashed process on descriptor 3; no environment.

pub mod pattern;

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::fingerprint::{Descriptor, Fingerprint};
use crate::words::{Invocation, Words};

/// A core dump to be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coredump<'a> {
    /// The handler: the first word of the pattern, expanded like the others.
    pub program: &'a [u8],
    /// All words, [`Coredump::program`] first. Bytes that strangers chose:
    /// process name, host name and executable path may be among them.
    pub argv: Words<'a>,
    /// Whether descriptor 3 is the pidfd of `%F`.
    pub pidfd: bool,
}

impl<'a> Coredump<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "coredump",
        source: "fs/coredump.c:coredump_pipe",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "kernel.core_pattern",
            default: "",
        },
        wait: Wait::Exec,
    };

    /// Recognises the call by its pipe, its limit and its empty environment.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let Fingerprint {
            stdin,
            pidfd,
            other_fds,
            core_limit_one,
            ..
        } = invocation.fingerprint;
        let marked = stdin == Descriptor::Pipe && core_limit_one && !other_fds;
        let plain = invocation.envp.is_empty() && !invocation.fingerprint.waited_for();
        let program = invocation.argv.get(0)?;
        let pidfd = pidfd != Descriptor::Closed;
        (marked && plain).then_some(Self {
            program,
            argv: invocation.argv,
            pidfd,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in self.argv.iter() {
            sink.arg(&[word]);
        }
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            stdin: Descriptor::Pipe,
            pidfd: if self.pidfd {
                Descriptor::Other
            } else {
                Descriptor::Closed
            },
            core_limit_one: true,
            ..Fingerprint::EXEC
        }
    }
}
