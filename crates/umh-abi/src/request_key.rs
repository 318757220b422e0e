// SPDX-License-Identifier: MIT OR Apache-2.0

//! A key is to be made: `request-key create KEY UID GID THREAD PROCESS SESSION`.
//!
//! `security/keys/request_key.c:call_sbin_request_key`. The helper's session
//! keyring is `_req.KEY` and holds the authority over KEY. The caller waits
//! without limit and ignores the exit status: the state of KEY is the answer.
//! Recognised by eight words of this shape; nothing is asked of the
//! environment.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Decimal, Sink, decimal};
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::Invocation;

/// A request to instantiate one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey<'a> {
    /// The program that the kernel meant to run, a constant.
    pub program: &'a [u8],
    /// What is to be done with the key.
    pub operation: Operation,
    /// The key under construction.
    pub key: i32,
    /// The requester's fsuid, as the initial user namespace has it.
    pub uid: u32,
    /// The requester's fsgid, as the initial user namespace has it.
    pub gid: u32,
    /// The requester's thread keyring; 0 for none.
    pub thread_keyring: i32,
    /// The requester's process keyring; 0 for none.
    pub process_keyring: i32,
    /// The requester's session keyring, or its user-session keyring.
    pub session_keyring: i32,
}

crate::words::constant_words! {
    /// What is to be done with the key.
    pub enum Operation {
        /// Instantiate, negate or reject it: the only one that kernels ask for.
        Create = "create",
    }
}

impl<'a> RequestKey<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "request-key",
        source: "security/keys/request_key.c:call_sbin_request_key",
        kernels: Kernels::Both,
        program: Program::Fixed("/sbin/request-key"),
        wait: Wait::Proc,
    };

    /// Recognises the call by its shape; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, operation, key, uid, gid, thread, process, session] =
            invocation.argv.exactly()?;
        let marked = invocation.fingerprint.has_no_fds() && invocation.fingerprint.waited_for();
        let request = Self {
            program,
            operation: Operation::named(operation)?,
            key: serial(key)?,
            uid: id(uid)?,
            gid: id(gid)?,
            thread_keyring: serial(thread)?,
            process_keyring: serial(process)?,
            session_keyring: serial(session)?,
        };
        (marked && request.key != 0).then_some(request)
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.arg(&[self.operation.as_bytes()]);
        // `%d` also for ids: the highest ones, as of nobody in an unmapped
        // user namespace, come out negative.
        let (uid, gid) = (self.uid as i32, self.gid as i32);
        let keyrings = [
            self.thread_keyring,
            self.process_keyring,
            self.session_keyring,
        ];
        for number in [self.key, uid, gid].into_iter().chain(keyrings) {
            sink.arg(&[Decimal::new(number.into()).as_bytes()]);
        }
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

/// A key's serial number: never negative (`key_alloc_serial`), 0 for none.
fn serial(text: &[u8]) -> Option<i32> {
    decimal(text)?
        .try_into()
        .ok()
        .filter(|serial: &i32| *serial >= 0)
}

/// A user or group id, written with `%d`.
fn id(text: &[u8]) -> Option<u32> {
    let number: i32 = decimal(text)?.try_into().ok()?;
    Some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_wrap_as_the_kernels_format_does() {
        assert_eq!(id(b"-2"), Some(4_294_967_294));
        assert_eq!(id(b"1000"), Some(1000));
        assert_eq!(id(b"4294967294"), None);
    }

    #[test]
    fn serials_are_never_negative() {
        assert_eq!(serial(b"305419896"), Some(305_419_896));
        assert_eq!(serial(b"-1"), None);
        assert_eq!(serial(b"2147483648"), None);
    }
}
