// SPDX-License-Identifier: MIT OR Apache-2.0

//! A Greybus network stopped answering.

use umh_abi::Message;
use umh_abi::greybus::Greybus;

use super::external::{External, external_cases};

external_cases! {
    "greybus_runs_its_program",
    "greybus_without_its_program_succeeds_for_the_kernel",
    "greybus_for_another_program_is_denied",
    call()
}

/// The kernel waits for the start only (`greybus_reset`).
fn call() -> External<'static> {
    External {
        message: Message::Greybus(Greybus {
            program: b"/system/bin/start",
        }),
        keys: &[],
        denied: 126,
        missing: 127,
    }
}
