// SPDX-License-Identifier: MIT OR Apache-2.0

//! The machine is to be turned off: the words of `kernel.poweroff_cmd`.
//!
//! `kernel/reboot.c:run_cmd` for `orderly_poweroff()`: thermal and power
//! drivers, ACPI, Hyper-V. Whatever the setting holds is split at white space,
//! so any words may come; this call is tried after those of fixed words. The
//! environment is writable in the kernel: two words are required, not which.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::reboot::Reboot;
use crate::words::{Invocation, Words, is_space};

/// The longest `kernel.poweroff_cmd`: `POWEROFF_CMD_PATH_LEN` less its NUL.
pub const COMMAND_MAX: usize = 255;

/// A request to turn the machine off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poweroff<'a> {
    /// The program that the kernel meant to run, the first of the words.
    pub program: &'a [u8],
    /// All words, [`Poweroff::program`] first: not empty, without white space.
    pub argv: Words<'a>,
}

impl<'a> Poweroff<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "poweroff",
        source: "kernel/reboot.c:run_cmd",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "kernel.poweroff_cmd",
            default: "/sbin/poweroff",
        },
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let argv = invocation.argv;
        let program = argv.get(0)?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        let two = invocation.envp.len() == environment::WITHOUT_TERM.len();
        let split = argv
            .iter()
            .all(|word| !word.is_empty() && !word.iter().any(is_space));
        // One separator a word at least, where the NULs are now.
        let fits = argv.block().len() <= COMMAND_MAX + 1;
        let reboot = argv.block() == Reboot::ARGV_BLOCK;
        (marked && two && split && fits && !reboot).then_some(Self { program, argv })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in self.argv.iter() {
            sink.arg(&[word]);
        }
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}
