// SPDX-License-Identifier: MIT OR Apache-2.0

//! The two operations of keyctl(2) that a request-key answer needs
//! (`security/keys/keyctl.c`); keyctl_assume_authority(3), keyctl_negate(3).

use rustix::io::Result;

use super::raw::syscall;

/// A key's number (`key_serial_t`).
pub type Serial = i32;

/// Number of `arch/x86/entry/syscalls/syscall_64.tbl`.
const KEYCTL: usize = 250;

/// Takes the authority to construct `key`, from the authorisation key that
/// the kernel put into our session keyring.
pub fn assume_authority(key: Serial) -> Result<()> {
    const KEYCTL_ASSUME_AUTHORITY: u32 = 16;
    keyctl(KEYCTL_ASSUME_AUTHORITY, [word(key), 0, 0, 0])
}

/// Makes the key under construction negative for `seconds`: whoever looks for
/// it until then gets `ENOKEY`, and the first to look after that asks again.
/// Gives the authority back.
pub fn negate(key: Serial, seconds: u32) -> Result<()> {
    const KEYCTL_NEGATE: u32 = 13;
    // No destination: the kernel has linked the key to the requester's
    // keyring already (`security/keys/request_key.c:construct_alloc_key`), and
    // names none itself when it negates (`complete_request_key`).
    const NO_KEYRING: usize = 0;
    keyctl(KEYCTL_NEGATE, [word(key), widen(seconds), NO_KEYRING, 0])
}

fn keyctl(operation: u32, arguments: [usize; 4]) -> Result<()> {
    let [first, second, third, fourth] = arguments;
    // SAFETY: the operations above take numbers only, no pointers.
    unsafe { syscall(KEYCTL, [widen(operation), first, second, third, fourth, 0]) }.map(drop)
}

/// A signed argument as the register holds it.
const fn word(number: i32) -> usize {
    (number as isize).cast_unsigned()
}

/// An unsigned argument as the register holds it.
const fn widen(number: u32) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_authority_is_an_error_and_no_crash() {
        // Key 0x7fffffff exists nowhere; keyctl(2) may be missing or filtered.
        assert!(assume_authority(Serial::MAX).is_err());
        assert!(negate(Serial::MAX, 1).is_err());
    }
}
