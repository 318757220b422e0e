// SPDX-License-Identifier: MIT OR Apache-2.0

//! A packet radio modem is to be configured.

use umh_abi::Message;
use umh_abi::baycom_epp::{BaycomEpp, Mode};

use super::external::{External, external_cases};

external_cases! {
    "baycom_epp_runs_its_program",
    "baycom_epp_without_its_program_fails",
    "baycom_epp_for_another_program_is_denied",
    call()
}

/// Any status but 0 is a failure (`eppconfig`).
fn call() -> External<'static> {
    External {
        message: Message::BaycomEpp(BaycomEpp {
            program: b"/usr/sbin/eppfpga",
            port: 888,
            mode: Mode {
                internal_clock: true,
                external_modem: false,
                clock: 19_666_600,
                rate: 9600,
                loopback: false,
            },
        }),
        keys: &[],
        denied: 1,
        missing: 1,
    }
}
