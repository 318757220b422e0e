// SPDX-License-Identifier: MIT OR Apache-2.0

//! A bridge starts or stops its spanning tree: `bridge-stp BRIDGE start|stop`.
//!
//! `net/bridge/br_stp_if.c:br_stp_call_user`, under RTNL. The exit status of
//! `start` decides: 0 leaves the protocol to user space. The environment is
//! empty, which tells a bridge of an odd name from a client's address.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::fingerprint::Fingerprint;
use crate::words::{Invocation, is_space};

/// The longest BRIDGE: `IFNAMSIZ` less its NUL.
pub const NAME_MAX: usize = 15;

/// A change of one bridge's spanning tree protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeStp<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
    /// The bridge, by the name of its network device.
    pub bridge: &'a [u8],
    /// What it does.
    pub operation: Operation,
}

crate::words::constant_words! {
    /// What a bridge does with its spanning tree protocol.
    pub enum Operation {
        /// It asks user space to run it.
        Start = "start",
        /// It tells user space to end it.
        Stop = "stop",
    }
}

impl<'a> BridgeStp<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "bridge-stp",
        source: "net/bridge/br_stp_if.c:br_stp_call_user",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/bridge-stp"),
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, bridge, operation] = invocation.argv.exactly()?;
        let operation = Operation::named(operation)?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let plain = invocation.envp.is_empty();
        (marked && plain && is_interface(bridge)).then_some(Self {
            program,
            bridge,
            operation,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in [self.program, self.bridge, self.operation.as_bytes()] {
            sink.arg(&[word]);
        }
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

/// Whether a network device may have the name (`net/core/dev.c:dev_valid_name`).
pub fn is_interface(name: &[u8]) -> bool {
    let odd = |byte: &u8| matches!(byte, b'/' | b':') || is_space(byte);
    (1..=NAME_MAX).contains(&name.len()) && !matches!(name, b"." | b"..") && !name.iter().any(odd)
}

#[cfg(test)]
mod tests {
    use super::is_interface;

    #[test]
    fn names_are_those_that_devices_may_have() {
        for name in [&b"br0"[..], b"-x", b"123456789012345", b"1.2"] {
            assert!(is_interface(name), "{}", name.escape_ascii());
        }
        for name in [
            &b""[..],
            b".",
            b"..",
            b"a/b",
            b"a:1",
            b"a b",
            b"a\x0b",
            b"1234567890123456",
        ] {
            assert!(!is_interface(name), "{}", name.escape_ascii());
        }
    }
}
