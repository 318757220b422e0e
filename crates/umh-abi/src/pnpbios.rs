// SPDX-License-Identifier: MIT OR Apache-2.0

//! A laptop was put into its dock or taken out: `pnpbios dock`.
//!
//! `drivers/pnp/pnpbios/core.c:pnp_dock_event`, 32-bit x86 only. What happened
//! is in the environment, so its last two words are required; the first two
//! are not looked at.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Hex, Sink, hex};
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// One docking event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pnpbios<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
    /// `ACTION`.
    pub action: Action,
    /// `DOCK`.
    pub dock: Dock,
}

crate::words::constant_words! {
    /// What happened to the dock.
    pub enum Action {
        /// The machine was docked.
        Add = "add",
        /// The machine was undocked.
        Remove = "remove",
    }
}

/// A docking station, as the firmware describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dock {
    /// Where it is.
    pub location: u32,
    /// Its serial number.
    pub serial: u32,
    /// What it can do.
    pub capabilities: u32,
}

impl<'a> Pnpbios<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "pnpbios",
        source: "drivers/pnp/pnpbios/core.c:pnp_dock_event",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/pnpbios"),
        wait: Wait::Exec,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, b"dock"] = invocation.argv.exactly()? else {
            return None;
        };
        let [_, _, action, dock] = invocation.envp.exactly()?;
        let action = Action::named(action.strip_prefix(ACTION)?)?;
        let mut numbers = dock
            .strip_prefix(DOCK)?
            .split(|byte| *byte == b'/')
            .map(hex);
        let dock = Dock {
            location: numbers.next()??,
            serial: numbers.next()??,
            capabilities: numbers.next()??,
        };
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        (marked && numbers.next().is_none()).then_some(Self {
            program,
            action,
            dock,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.arg(&[b"dock"]);
        environment::write(&environment::WITHOUT_TERM, sink);
        sink.env(&[ACTION, self.action.as_bytes()]);
        let Dock {
            location,
            serial,
            capabilities,
        } = self.dock;
        let [location, serial, capabilities] = [location, serial, capabilities].map(Hex::new);
        let (location, serial) = (location.as_bytes(), serial.as_bytes());
        sink.env(&[DOCK, location, b"/", serial, b"/", capabilities.as_bytes()]);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}

const ACTION: &[u8] = b"ACTION=";
const DOCK: &[u8] = b"DOCK=";
