// SPDX-License-Identifier: MIT OR Apache-2.0

//! A replicated disk changed its state.

use anyhow::Result;
use umh_abi::Message;
use umh_abi::drbd::{ConnectionCommand, DeviceCommand, Drbd, Event, Family, Peer};

use super::external::External;
use super::{Case, on_all};
use crate::guest::Machine;

pub(super) const CASES: &[Case] = &[
    on_all("drbd_runs_drbdadm_for_a_device", |machine| {
        device().is_answered(machine)
    }),
    on_all(
        "drbd_runs_drbdadm_for_a_connection_with_its_peer",
        connection_runs,
    ),
    on_all("drbd_without_drbdadm_goes_on", |machine| {
        device().is_missed(machine)
    }),
    on_all(
        "drbd_for_another_program_is_denied_and_goes_on",
        |machine| device().is_denied(machine),
    ),
];

/// A positive status drops the connection, so a refusal is 0
/// (`drbd_khelper` takes a negative error for 0).
fn device() -> External<'static> {
    let event = Event::Device {
        command: DeviceCommand::BeforeResyncTarget,
        minor: 3,
    };
    External {
        message: Message::Drbd(Drbd {
            program: b"/sbin/drbdadm",
            event,
            peer: None,
        }),
        keys: &[],
        denied: 0,
        missing: 0,
    }
}

fn connection_runs(machine: &Machine) -> Result<()> {
    let event = Event::Connection {
        command: ConnectionCommand::FencePeer,
        resource: b"r0",
    };
    let peer = Some(Peer {
        family: Family::Ipv4,
        address: b"192.0.2.9",
    });
    let call = External {
        message: Message::Drbd(Drbd {
            program: b"/sbin/drbdadm",
            event,
            peer,
        }),
        keys: &["DRBD_PEER_AF=ipv4", "DRBD_PEER_ADDRESS=192.0.2.9"],
        ..device()
    };
    call.is_answered(machine)
}
