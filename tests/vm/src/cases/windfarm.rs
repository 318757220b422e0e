// SPDX-License-Identifier: MIT OR Apache-2.0

//! An Apple PowerPC machine is too hot.

use umh_abi::Message;
use umh_abi::windfarm::Windfarm;

use super::external::{External, external_cases};

external_cases! {
    "windfarm_runs_its_program",
    "windfarm_without_its_program_succeeds_for_the_kernel",
    "windfarm_for_another_program_is_denied",
    call()
}

/// The kernel waits for the start only (`wf_critical_overtemp`).
fn call() -> External<'static> {
    External {
        message: Message::Windfarm(Windfarm {
            program: b"/sbin/critical_overtemp",
        }),
        keys: &[],
        denied: 126,
        missing: 127,
    }
}
