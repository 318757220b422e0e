// SPDX-License-Identifier: MIT OR Apache-2.0

//! The NFS server keeps track of a client.

use anyhow::Result;
use umh_abi::Message;
use umh_abi::nfsdcltrack::{Command, Nfsdcltrack};

use super::external::External;
use super::{Case, on_all};
use crate::guest::Machine;

pub(super) const CASES: &[Case] = &[
    on_all(
        "nfsdcltrack_runs_for_each_command_with_its_variables",
        each_command_runs,
    ),
    on_all("nfsdcltrack_without_its_program_fails", |machine| {
        init().is_missed(machine)
    }),
    on_all("nfsdcltrack_for_another_program_is_denied", |machine| {
        init().is_denied(machine)
    }),
];

/// Any status but 0 is "not known, not stored" (`nfsd4_umh_cltrack_upcall`).
fn init() -> External<'static> {
    call(
        Command::Init {
            grace_start: Some(1700),
        },
        &["NFSDCLTRACK_GRACE_START=1700"],
    )
}

fn each_command_runs(machine: &Machine) -> Result<()> {
    let client = b"4c696e7578204e465376342e31";
    let create = Command::Create {
        client,
        has_session: Some(true),
        grace_start: Some(1700),
    };
    let calls = [
        init(),
        call(
            create,
            &[
                "NFSDCLTRACK_CLIENT_HAS_SESSION=Y",
                "NFSDCLTRACK_GRACE_START=1700",
            ],
        ),
        call(Command::Remove { client }, &[]),
        call(
            Command::Check {
                client,
                has_session: Some(false),
                legacy_recdir: None,
            },
            &["NFSDCLTRACK_CLIENT_HAS_SESSION=N"],
        ),
        call(
            Command::GraceDone {
                time: 1790,
                legacy_topdir: Some(b"/var/lib/nfs/v4recovery"),
            },
            &["NFSDCLTRACK_LEGACY_TOPDIR=/var/lib/nfs/v4recovery"],
        ),
    ];
    for call in calls {
        call.is_answered(machine)?;
        machine.end()?;
        machine.begin()?;
    }
    Ok(())
}

fn call<'a>(command: Command<'a>, keys: &'a [&'a str]) -> External<'a> {
    let message = Message::Nfsdcltrack(Nfsdcltrack {
        program: b"/sbin/nfsdcltrack",
        command,
    });
    External {
        message,
        keys,
        denied: 1,
        missing: 1,
    }
}
