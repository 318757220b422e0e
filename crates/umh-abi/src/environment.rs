// SPDX-License-Identifier: MIT OR Apache-2.0

//! The environments that callers pass: one place, because they differ by
//! little things only (the order of `PATH`, a `TERM`).
//!
//! Several callers keep their list in writable memory (`static char *envp[]`:
//! modprobe, `run_cmd`, both NFS callers, greybus, windfarm), where an
//! attacker who can write kernel memory may have put `LD_PRELOAD=...`. Such a
//! call is still that call, and answering it rebuilds the environment anyway.
//! So `parse` asks of an environment only what tells two calls apart: for
//! those callers at most the *number* of words, for the others (lists on the
//! stack, of constants) the words where needed.

use core::ffi::CStr;

use crate::emit::Sink;
use crate::words::Words;

/// Of modprobe, DRBD, the NFS callers and windfarm.
pub(crate) const WITH_TERM: [&CStr; 3] = [
    c"HOME=/",
    c"TERM=linux",
    c"PATH=/sbin:/usr/sbin:/bin:/usr/bin",
];

/// Of request-key, the release agent, poweroff and reboot, ocfs2, TOMOYO and
/// pnpbios, and the last two words of a uevent. `PATH` has another order.
pub(crate) const WITHOUT_TERM: [&CStr; 2] = [c"HOME=/", c"PATH=/sbin:/bin:/usr/sbin:/usr/bin"];

/// [`WITHOUT_TERM`] as it lies in memory.
pub(crate) const WITHOUT_TERM_BLOCK: &[u8] = b"HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0";

/// Of uvesafb.
pub(crate) const UVESAFB: [&CStr; 2] = [c"HOME=/", c"PATH=/sbin:/bin"];

/// Of greybus.
pub(crate) const GREYBUS: [&CStr; 2] = [
    c"HOME=/",
    c"PATH=/sbin:/vendor/bin:/system/sbin:/system/bin:/system/xbin",
];

/// Of baycom_epp.
pub(crate) const BAYCOM_EPP: [&CStr; 3] = [c"HOME=/", c"TERM=linux", c"PATH=/usr/bin:/bin"];

/// Writes constant words.
#[inline]
pub(crate) fn write(environment: &[&'static CStr], sink: &mut dyn Sink) {
    for word in environment {
        sink.constant_env(word);
    }
}

/// Whether `envp` is exactly these words.
pub(crate) fn is(envp: &Words<'_>, environment: &[&CStr]) -> bool {
    envp.iter()
        .eq(environment.iter().map(|word| word.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_environment_without_term_agree() {
        let words = Words::new(WITHOUT_TERM_BLOCK).unwrap();
        assert!(is(&words, &WITHOUT_TERM));
        assert!(!is(&words, &WITH_TERM));
    }
}
