// SPDX-License-Identifier: MIT OR Apache-2.0

//! A cluster file system was unmounted.

use umh_abi::Message;
use umh_abi::ocfs2::Ocfs2;

use super::external::{External, external_cases};

external_cases! {
    "ocfs2_runs_its_program",
    "ocfs2_without_its_program_fails",
    "ocfs2_for_another_program_is_denied",
    call()
}

/// Any status but 0 is logged (`ocfs2_leave_group`).
fn call() -> External<'static> {
    External {
        message: Message::Ocfs2(Ocfs2 {
            program: b"/sbin/ocfs2_hb_ctl",
            group: b"0C5F11A7E7B24E3A8B9F3A6A1B2C3D4E",
        }),
        keys: &[],
        denied: 1,
        missing: 1,
    }
}
