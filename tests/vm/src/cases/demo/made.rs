// SPDX-License-Identifier: MIT OR Apache-2.0

//! Calls that nothing in a guest triggers, made by the test module word for
//! word as their callers make them.

use anyhow::{Context as _, Result};
use umh_abi::{
    Message, baycom_epp, drbd, greybus, nfs_cache_getent, nfsd_recall_failed, nfsdcltrack, ocfs2,
    pnpbios, tomoyo, uvesafb, windfarm,
};

use super::tell;
use crate::cases::external;
use crate::guest::{Machine, module};

fn made(machine: &Machine, message: &Message<'_>) -> Result<()> {
    external::needs_module()?;
    machine.probe(std::str::from_utf8(message.program())?)?;
    let contract = message.caller().contract();
    module::call_as(message, contract.wait)?;
    let function = contract.source.rsplit(':').next().context("a function")?;
    tell(
        machine,
        contract.name,
        &format!("test module, as {function}"),
        "allow",
    )
}

pub(super) fn disk(machine: &Machine) -> Result<()> {
    let event = drbd::Event::Device {
        command: drbd::DeviceCommand::BeforeResyncTarget,
        minor: 3,
    };
    made(
        machine,
        &Message::Drbd(drbd::Drbd {
            program: b"/sbin/drbdadm",
            event,
            peer: None,
        }),
    )
}

pub(super) fn nfs_name(machine: &Machine) -> Result<()> {
    let (program, cache) = (
        b"/sbin/nfs_cache_getent",
        nfs_cache_getent::Cache::DnsResolve,
    );
    made(
        machine,
        &Message::NfsCacheGetent(nfs_cache_getent::NfsCacheGetent {
            program,
            cache,
            host: b"server.example",
        }),
    )
}

pub(super) fn nfs_client(machine: &Machine) -> Result<()> {
    let command = nfsdcltrack::Command::Init {
        grace_start: Some(1700),
    };
    made(
        machine,
        &Message::Nfsdcltrack(nfsdcltrack::Nfsdcltrack {
            program: b"/sbin/nfsdcltrack",
            command,
        }),
    )
}

pub(super) fn cluster(machine: &Machine) -> Result<()> {
    let group = b"0C5F11A7E7B24E3A8B9F3A6A1B2C3D4E";
    made(
        machine,
        &Message::Ocfs2(ocfs2::Ocfs2 {
            program: b"/sbin/ocfs2_hb_ctl",
            group,
        }),
    )
}

pub(super) fn tomoyo_policy(machine: &Machine) -> Result<()> {
    made(
        machine,
        &Message::Tomoyo(tomoyo::Tomoyo {
            program: b"/sbin/tomoyo-init",
        }),
    )
}

pub(super) fn hot(machine: &Machine) -> Result<()> {
    made(
        machine,
        &Message::Windfarm(windfarm::Windfarm {
            program: b"/sbin/critical_overtemp",
        }),
    )
}

pub(super) fn lost(machine: &Machine) -> Result<()> {
    made(
        machine,
        &Message::Greybus(greybus::Greybus {
            program: b"/system/bin/start",
        }),
    )
}

pub(super) fn layout(machine: &Machine) -> Result<()> {
    let call = nfsd_recall_failed::NfsdRecallFailed {
        program: b"/sbin/nfsd-recall-failed",
        address: b"192.0.2.7",
        fs: b"sda1",
    };
    made(machine, &Message::NfsdRecallFailed(call))
}

pub(super) fn frame_buffer(machine: &Machine) -> Result<()> {
    made(
        machine,
        &Message::Uvesafb(uvesafb::Uvesafb {
            program: b"/sbin/v86d",
        }),
    )
}

pub(super) fn docked(machine: &Machine) -> Result<()> {
    let dock = pnpbios::Dock {
        location: 0x12,
        serial: 0xab_cdef,
        capabilities: 7,
    };
    let call = pnpbios::Pnpbios {
        program: b"/sbin/pnpbios",
        action: pnpbios::Action::Add,
        dock,
    };
    made(machine, &Message::Pnpbios(call))
}

pub(super) fn modem(machine: &Machine) -> Result<()> {
    let mode = baycom_epp::Mode {
        internal_clock: true,
        external_modem: false,
        clock: 19_666_600,
        rate: 9600,
        loopback: false,
    };
    made(
        machine,
        &Message::BaycomEpp(baycom_epp::BaycomEpp {
            program: b"/usr/sbin/eppfpga",
            port: 888,
            mode,
        }),
    )
}
