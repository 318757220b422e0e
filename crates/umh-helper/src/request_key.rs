// SPDX-License-Identifier: MIT OR Apache-2.0

//! A key is wanted and no handler is installed.
//!
//! Without a program at all the kernel fails the first request with `ENOENT`
//! and the following ones, for 60 s, with `ENOKEY`
//! (`security/keys/request_key.c:complete_request_key`). Here every requester
//! gets `ENOKEY`, from the first one on, and for a shorter time.

#![forbid(unsafe_code)]

use rustix::io::Errno;
use umh_abi::request_key::RequestKey;

use crate::answer::{Answer, Context, Done, Failed};
use crate::sys::keyctl;

/// How long the negative key stands for the missing one. As long as it takes
/// for a burst of lookups to pass without starting us for each; short enough
/// that a mount tried again after the handler's package is installed, or the
/// real root is mounted, does not fail for a reason that is gone.
pub const NEGATIVE_SECONDS: u32 = 10;

/// Makes the key negative. What fails here, the kernel does when we are gone:
/// no requester is left waiting.
pub fn answer(asked: &RequestKey<'_>, _: &Context<'_>) -> Answer {
    match keyctl::assume_authority(asked.key) {
        Ok(()) => {}
        // The requester was killed, or the key has been settled: the authority
        // is revoked, expired or gone with it, and nobody waits.
        Err(Errno::KEYREVOKED | Errno::KEYEXPIRED) => return Ok(Done("settled")),
        Err(errno) => {
            return Err(Failed {
                step: "KEYCTL_ASSUME_AUTHORITY",
                errno,
            });
        }
    }
    match keyctl::negate(asked.key, NEGATIVE_SECONDS) {
        Ok(()) => Ok(Done("negated")),
        // Instantiated or negated meanwhile by another holder of the authority.
        Err(Errno::BUSY | Errno::KEYREVOKED) => Ok(Done("settled")),
        Err(errno) => Err(Failed {
            step: "KEYCTL_NEGATE",
            errno,
        }),
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use umh_abi::request_key::Operation;

    use super::*;
    use crate::sys::Root;
    use crate::verdict::Decision;

    #[test]
    fn without_the_authority_nothing_is_negated() {
        let asked = RequestKey {
            program: b"/sbin/request-key",
            operation: Operation::Create,
            key: i32::MAX,
            uid: 0,
            gid: 0,
            thread_keyring: 0,
            process_keyring: 0,
            session_keyring: 0,
        };
        let permit = Decision::Allow.permit().unwrap();
        let failed = answer(&asked, &Context::new(permit, &Root::System, Duration::ZERO));
        assert_eq!(failed.unwrap_err().step, "KEYCTL_ASSUME_AUTHORITY");
    }
}
