// SPDX-License-Identifier: MIT OR Apache-2.0

//! TOMOYO wants its policy loaded.

use umh_abi::Message;
use umh_abi::tomoyo::Tomoyo;

use super::external::{External, external_cases};

external_cases! {
    "tomoyo_runs_its_loader",
    "tomoyo_without_its_program_fails",
    "tomoyo_for_another_program_is_denied",
    call()
}

/// The first exec of init waits for it (`tomoyo_load_policy`).
fn call() -> External<'static> {
    External {
        message: Message::Tomoyo(Tomoyo {
            program: b"/sbin/tomoyo-init",
        }),
        keys: &[],
        denied: 1,
        missing: 1,
    }
}
