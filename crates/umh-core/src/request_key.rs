// SPDX-License-Identifier: MIT OR Apache-2.0

//! A key is to be made by user space.
//!
//! `security/keys/request_key.c:call_sbin_request_key` and what
//! `construct_key` makes of it. The words are those of
//! [`umh_abi::request_key::RequestKey`]. The helper's session keyring, which
//! the call's `init` installs, is new, is called `_req.KEY`, belongs to the
//! requester and holds the authority over KEY.

use umh_abi::request_key::RequestKey;

use crate::errno::Errno;
use crate::exec::exec;
use crate::host::Host;
use crate::wait::Wait;

/// How long a key that could not be made is known to be missing
/// (`key_negative_timeout`).
pub const NEGATIVE_SECONDS: u32 = 60;

/// What a host lends for this call.
pub trait Keys: Host {
    /// Sets up the call, with the helper's keyring. On Linux the error may be
    /// that of making or linking the keyring.
    fn request_key(
        &self,
        request: &RequestKey<'_>,
        keyring: &KeyringName,
    ) -> Result<Self::Call, Errno>;
    /// Whether somebody has made the key: it is no longer under construction,
    /// and valid.
    fn is_made(&self, key: i32) -> bool;
    /// Marks the key as missing for that long.
    fn negate(&self, key: i32, seconds: u32);
    /// Ends the authority over the key.
    fn revoke_authority(&self, key: i32);
}

/// Has a key made. The helper's exit status is not asked: only the state of
/// the key counts, which user space may also reach by other ways. Not killable
/// and without a limit: a helper that hangs, hangs the requester.
#[doc(alias = "call_sbin_request_key")]
#[doc(alias = "construct_key")]
pub fn request_key<K: Keys>(host: &K, request: &RequestKey<'_>) -> Result<(), Errno> {
    let key = request.key;
    let called = host
        .request_key(request, &KeyringName::new(key))
        .and_then(|call| exec(host, call, Wait::PROC));
    let made = match called {
        Ok(_) if host.is_made(key) => Ok(()),
        Ok(_) => Err(Errno::ENOKEY),
        Err(errno) => Err(errno),
    };
    match made {
        Ok(()) => host.revoke_authority(key),
        Err(_) => host.negate(key, NEGATIVE_SECONDS),
    }
    made
}

/// The name of the helper's session keyring: `_req.` and the key's serial
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyringName {
    bytes: [u8; 16],
    length: usize,
}

impl KeyringName {
    /// The name for the key of that serial number.
    pub fn new(key: i32) -> Self {
        let mut name = Self {
            bytes: [0; 16],
            length: 0,
        };
        // Sixteen bytes are enough for `_req.` and ten digits with a sign.
        let _ = core::fmt::write(&mut name, format_args!("_req.{key}"));
        name
    }

    /// The name's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl core::fmt::Write for KeyringName {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        let room = self
            .bytes
            .get_mut(self.length..end)
            .ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyring_is_named_after_the_key() {
        assert_eq!(KeyringName::new(305_419_896).as_bytes(), b"_req.305419896");
        assert_eq!(KeyringName::new(i32::MIN).as_bytes(), b"_req.-2147483648");
    }
}
