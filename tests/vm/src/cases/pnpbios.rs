// SPDX-License-Identifier: MIT OR Apache-2.0

//! A laptop was docked or undocked.

use umh_abi::Message;
use umh_abi::pnpbios::{Action, Dock, Pnpbios};

use super::external::{External, external_cases};

external_cases! {
    "pnpbios_runs_its_program_with_the_dock",
    "pnpbios_without_its_program_succeeds_for_the_kernel",
    "pnpbios_for_another_program_is_denied",
    call()
}

/// The kernel waits for the start only; what happened is in the environment.
fn call() -> External<'static> {
    External {
        message: Message::Pnpbios(Pnpbios {
            program: b"/sbin/pnpbios",
            action: Action::Add,
            dock: Dock {
                location: 0x12,
                serial: 0xab_cdef,
                capabilities: 7,
            },
        }),
        keys: &["ACTION=add", "DOCK=12/abcdef/7"],
        denied: 126,
        missing: 127,
    }
}
