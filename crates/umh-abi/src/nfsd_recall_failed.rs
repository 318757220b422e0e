// SPDX-License-Identifier: MIT OR Apache-2.0

//! A client did not give a layout back: `nfsd-recall-failed ADDRESS FS`.
//!
//! `fs/nfsd/nfs4layouts.c:nfsd4_cb_layout_fail`; any status but 0 is logged as
//! "fence failed". Known by the address, which is no command of the other
//! calls of three words, and by an environment, which bridge-stp lacks.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::Sink;
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// The longest ADDRESS: `INET6_ADDRSTRLEN` less its NUL.
pub const ADDRESS_MAX: usize = 47;

/// The longest FS: `s_id` of `struct super_block`, less its NUL.
pub const FS_MAX: usize = 31;

/// A request to fence a client off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NfsdRecallFailed<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
    /// The client's IP address (`rpc_ntop`): `192.0.2.1`, `fe80::1%2`.
    pub address: &'a [u8],
    /// The file system, by the name of its device or its type: `sda1`.
    pub fs: &'a [u8],
}

impl<'a> NfsdRecallFailed<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "nfsd-recall-failed",
        source: "fs/nfsd/nfs4layouts.c:nfsd4_cb_layout_fail",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/nfsd-recall-failed"),
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, address, fs] = invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let shaped = is_address(address) && fs.len() <= FS_MAX && !invocation.envp.is_empty();
        (marked && shaped).then_some(Self {
            program,
            address,
            fs,
        })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        for word in [self.program, self.address, self.fs] {
            sink.arg(&[word]);
        }
        environment::write(&environment::WITH_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

/// Whether the text has the letters of an IP address, with the separator of
/// either family. A scope follows `%`, as a number.
fn is_address(text: &[u8]) -> bool {
    let letter = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'.' | b':' | b'%');
    let separated = text.iter().any(|byte| matches!(byte, b'.' | b':'));
    text.len() <= ADDRESS_MAX && separated && text.iter().all(letter)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses_of_both_families_are_known() {
        for text in [
            &b"192.0.2.1"[..],
            b"2001:db8::1",
            b"fe80::1%2",
            b"::ffff:192.0.2.1",
        ] {
            assert!(is_address(text), "{}", text.escape_ascii());
        }
        for text in [&b""[..], b"init", b"fence-peer", b"-1.2", b"1"] {
            assert!(!is_address(text), "{}", text.escape_ascii());
        }
    }
}
