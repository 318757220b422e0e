// SPDX-License-Identifier: MIT OR Apache-2.0

//! A key is wanted.

#![cfg(not(loom))]

mod scripted;

use std::cell::Cell;

use scripted::{Script, Scripted, TestCall, exits_with, noted, requested};
use umh_abi::request_key::{Operation, RequestKey};
use umh_core::errno::Errno;
use umh_core::request_key::{self, KeyringName, Keys};

thread_local! {
    /// Whether the helper has made the key.
    static MADE: Cell<bool> = const { Cell::new(false) };
}

impl Keys for Scripted {
    fn request_key(
        &self,
        request: &RequestKey<'_>,
        keyring: &KeyringName,
    ) -> Result<TestCall, Errno> {
        let keyring = keyring.as_bytes().escape_ascii();
        noted(format!("{} with {keyring}", request.key));
        self.call(Some("/sbin/request-key")).ok_or(Errno::ENOMEM)
    }

    fn is_made(&self, _key: i32) -> bool {
        MADE.get()
    }

    fn negate(&self, key: i32, seconds: u32) {
        noted(format!("{key} is missing for {seconds}"));
    }

    fn revoke_authority(&self, key: i32) {
        noted(format!("{key} is done"));
    }
}

#[test]
fn only_the_keys_state_counts() {
    let request = RequestKey {
        program: b"/sbin/request-key",
        operation: Operation::Create,
        key: 77,
        uid: 0,
        gid: 0,
        thread_keyring: 0,
        process_keyring: 0,
        session_keyring: 5,
    };
    let missing = Scripted::new(Script {
        execve: Err(Errno::EACCES),
        ..Script::default()
    });
    for (host, made, result, end) in [
        (exits_with(1), true, Ok(()), "77 is done"),
        (
            exits_with(0),
            false,
            Err(Errno::ENOKEY),
            "77 is missing for 60",
        ),
        (missing, false, Err(Errno::EACCES), "77 is missing for 60"),
    ] {
        MADE.set(made);
        assert_eq!(request_key::request_key(&host, &request), result);
        assert_eq!(requested(), ["77 with _req.77", end]);
    }
}
