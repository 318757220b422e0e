// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted: `modprobe -q -- NAME`.
//!
//! `kernel/module/kmod.c:call_modprobe`, reached by `request_module()` from
//! many unprivileged operations (socket(2), bind(2) on AF_ALG, mount(2) ...).
//! The environment is writable in the kernel: that there is one is required,
//! not what it says, except where it marks a `kernel.poweroff_cmd`.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The longest NAME: `MODULE_NAME_LEN` (64 - 8 on 64 bit) less its NUL
/// (`include/linux/module.h`; `__request_module` gives `-ENAMETOOLONG`).
pub const NAME_MAX: usize = 55;

/// A request for one module, by its name or any of its aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modprobe<'a> {
    /// The program that the kernel meant to run: `kernel.modprobe`.
    pub program: &'a [u8],
    /// A module name or alias, 0 to [`NAME_MAX`] bytes: `fs-xfs`, `net-pf-9`.
    pub name: &'a [u8],
    /// [`Wait::Proc`] from `request_module`, [`Wait::Exec`] from
    /// `request_module_nowait`.
    pub wait: Wait,
}

impl<'a> Modprobe<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "modprobe",
        source: "kernel/module/kmod.c:call_modprobe",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "kernel.modprobe",
            default: "/sbin/modprobe",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, quiet, end, name] = invocation.argv.exactly()?;
        let shaped = quiet == b"-q" && end == b"--" && name.len() <= NAME_MAX;
        let plain = invocation.fingerprint.has_no_fds() && !invocation.envp.is_empty();
        let wait = if invocation.fingerprint.waited_for() {
            Wait::Proc
        } else {
            Wait::Exec
        };
        // Nobody waits for orderly_poweroff() either, whose setting may hold
        // these words; its environment differs.
        let poweroff =
            wait == Wait::Exec && environment::is(&invocation.envp, &environment::WITHOUT_TERM);
        (shaped && plain && !poweroff).then_some(Self {
            program,
            name,
            wait,
        })
    }

    /// Writes the call as the kernel does.
    #[inline]
    pub fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.constant_arg(c"-q");
        sink.constant_arg(c"--");
        sink.arg(&[self.name]);
        environment::write(&environment::WITH_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        match self.wait {
            Wait::Proc => Fingerprint::PROC,
            Wait::No | Wait::Exec => Fingerprint::EXEC,
        }
    }
}
