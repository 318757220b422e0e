// SPDX-License-Identifier: MIT OR Apache-2.0

//! A replicated disk changed its state: `drbdadm COMMAND minor-N|RESOURCE`.
//!
//! `drivers/block/drbd/drbd_nl.c:drbd_khelper` (a device) and `conn_khelper`
//! (a connection). For some commands the exit status is the answer. The
//! peer's address follows the usual environment; both words are empty while
//! the connection has no addresses. Recognised by command and that count.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Decimal, Sink, decimal};
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The highest minor number of a device (`MINORMASK`).
pub const MINOR_MAX: u32 = (1 << 20) - 1;

/// The longest RESOURCE (`include/linux/drbd_genl.h`, `ctx_resource_name`).
pub const RESOURCE_MAX: usize = 127;

/// The longest peer address: a buffer of 60 bytes with the variable's name.
pub const ADDRESS_MAX: usize = 60 - b"DRBD_PEER_ADDRESS=\0".len();

/// One event of a DRBD device or connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drbd<'a> {
    /// The program that the kernel meant to run: `drbd.usermode_helper`.
    pub program: &'a [u8],
    /// What happened, to what.
    pub event: Event<'a>,
    /// The other node, if the connection has addresses.
    pub peer: Option<Peer<'a>>,
}

/// What happened, to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// To one device.
    Device {
        /// What happened.
        command: DeviceCommand,
        /// The device, `/dev/drbdN`.
        minor: u32,
    },
    /// To a connection.
    Connection {
        /// What is to be done.
        command: ConnectionCommand,
        /// The resource that the connection belongs to.
        resource: &'a [u8],
    },
}

/// The other node of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<'a> {
    /// `DRBD_PEER_AF`.
    pub family: Family,
    /// `DRBD_PEER_ADDRESS`: `192.0.2.1`, or IPv6 with all its digits.
    pub address: &'a [u8],
}

crate::words::constant_words! {
    /// What happens to a device.
    pub enum DeviceCommand {
        /// A split brain was resolved against this node, which is primary.
        PriLostAfterSb = "pri-lost-after-sb",
        /// A split brain was found.
        InitialSplitBrain = "initial-split-brain",
        /// A split brain was found and could not be resolved.
        SplitBrain = "split-brain",
        /// This node is primary and has to become the target of a resync.
        PriLost = "pri-lost",
        /// This node is primary, with a bad disk, and lost its peer.
        PriOnInconDegr = "pri-on-incon-degr",
        /// The disk below failed.
        LocalIoError = "local-io-error",
        /// An online verification found differences.
        OutOfSync = "out-of-sync",
        /// A resync is done, here.
        AfterResyncTarget = "after-resync-target",
        /// May a resync begin, here? Any status but 0 ends the connection.
        BeforeResyncTarget = "before-resync-target",
        /// May a resync begin, from here? As before, but 3 counts as 0.
        BeforeResyncSource = "before-resync-source",
    }
}

crate::words::constant_words! {
    /// What is to be done about a connection's peer.
    pub enum ConnectionCommand {
        /// Keep the peer from going on; the status tells its state.
        FencePeer = "fence-peer",
        /// The peer may go on.
        UnfencePeer = "unfence-peer",
    }
}

crate::words::constant_words! {
    /// A peer's address family.
    pub enum Family {
        /// IPv4.
        Ipv4 = "ipv4",
        /// IPv6.
        Ipv6 = "ipv6",
        /// Any other; the address is printed as of IPv4.
        Ssocks = "ssocks",
    }
}

impl<'a> Drbd<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "drbd",
        source: "drivers/block/drbd/drbd_nl.c:drbd_khelper",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "drbd.usermode_helper",
            default: "/sbin/drbdadm",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its command; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, command, object] = invocation.argv.exactly()?;
        let [_, _, _, family, address] = invocation.envp.exactly()?;
        let event = if let Some(command) = DeviceCommand::named(command) {
            let minor = decimal(object.strip_prefix(b"minor-")?)?.try_into().ok()?;
            (minor <= MINOR_MAX).then_some(Event::Device { command, minor })?
        } else {
            let command = ConnectionCommand::named(command)?;
            is_resource(object).then_some(Event::Connection {
                command,
                resource: object,
            })?
        };
        let peer = match (family, address) {
            (b"", b"") => None,
            _ => Some(Peer {
                family: Family::named(family.strip_prefix(FAMILY)?)?,
                address: address
                    .strip_prefix(ADDRESS)
                    .filter(|text| is_address(text))?,
            }),
        };
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        marked.then_some(Self {
            program,
            event,
            peer,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        match self.event {
            Event::Device { command, minor } => {
                sink.arg(&[command.as_bytes()]);
                sink.arg(&[b"minor-", Decimal::new(minor.into()).as_bytes()]);
            }
            Event::Connection { command, resource } => {
                sink.arg(&[command.as_bytes()]);
                sink.arg(&[resource]);
            }
        }
        environment::write(&environment::WITH_TERM, sink);
        match self.peer {
            Some(Peer { family, address }) => {
                sink.env(&[FAMILY, family.as_bytes()]);
                sink.env(&[ADDRESS, address]);
            }
            None => environment::write(&[c"", c""], sink),
        }
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

/// Whether a resource may have the name (`drbd_nl.c:drbd_adm_prepare`).
fn is_resource(name: &[u8]) -> bool {
    (1..=RESOURCE_MAX).contains(&name.len()) && !name.contains(&b'/')
}

/// Whether the text has the letters of `%pI4` and `%pI6`.
fn is_address(text: &[u8]) -> bool {
    let letter = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'.' | b':');
    (1..=ADDRESS_MAX).contains(&text.len()) && text.iter().all(letter)
}

const FAMILY: &[u8] = b"DRBD_PEER_AF=";
const ADDRESS: &[u8] = b"DRBD_PEER_ADDRESS=";
