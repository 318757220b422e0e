// SPDX-License-Identifier: MIT OR Apache-2.0

//! A client of the NFS server did not give a layout back.

use umh_abi::Message;
use umh_abi::nfsd_recall_failed::NfsdRecallFailed;

use super::external::{External, external_cases};

external_cases! {
    "nfsd_recall_failed_runs_its_program",
    "nfsd_recall_failed_without_its_program_fails",
    "nfsd_recall_failed_for_another_program_is_denied",
    call()
}

/// Any status but 0 is logged as a failed fence (`nfsd4_cb_layout_fail`).
fn call() -> External<'static> {
    External {
        message: Message::NfsdRecallFailed(NfsdRecallFailed {
            program: b"/sbin/nfsd-recall-failed",
            address: b"192.0.2.7",
            fs: b"sda1",
        }),
        keys: &[],
        denied: 1,
        missing: 1,
    }
}
