// SPDX-License-Identifier: MIT OR Apache-2.0

//! Signals, below libc: it keeps two of them to itself, and refuses to block
//! or reset those.

use rustix::io::Result;

use super::raw::{number, syscall};

/// Linux has 64 signals (`_NSIG`).
const SIGNALS: usize = 64;
/// Bytes of a set of them.
const SET: usize = 8;

const SIG_BLOCK: usize = 0;
const SIG_SETMASK: usize = 2;

/// Every signal of the calling thread is blocked until this is dropped.
pub(crate) struct Blocked {
    before: u64,
}

impl Blocked {
    pub(crate) fn all() -> Result<Self> {
        let all = u64::MAX;
        let mut before = 0;
        let (set, old) = (&raw const all, &raw mut before);
        let arguments = [SIG_BLOCK, set.expose_provenance(), old.expose_provenance()];
        // SAFETY: both pointers are to sets of the size that is given.
        unsafe { procmask(arguments) }?;
        Ok(Self { before })
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = set_mask(self.before);
    }
}

/// Every action to the default, nothing pending or blocked, in the calling
/// process. What is pending was sent to a group that it has left.
pub(crate) fn default_all() {
    /// The kernel's `struct sigaction`: `SIG_DFL`, no flags, an empty mask.
    static DEFAULT: [u64; 4] = [0; 4];
    let action = (&raw const DEFAULT).expose_provenance();
    for signal in 1..=SIGNALS {
        // SAFETY: reads one action. SIGKILL and SIGSTOP are refused, rightly.
        let _ = unsafe { syscall(number::RT_SIGACTION, [signal, action, 0, SET, 0]) };
    }
    discard_pending();
    let _ = set_mask(0);
}

/// Takes every signal that waits for the end of its being blocked.
fn discard_pending() {
    /// `struct timespec`: no time at all.
    static AT_ONCE: [i64; 2] = [0; 2];
    let all = u64::MAX;
    let set = (&raw const all).expose_provenance();
    let limit = (&raw const AT_ONCE).expose_provenance();
    // SAFETY: reads one set of the size that is given and one time; where to
    // write about the signal is null.
    while unsafe { syscall(number::RT_SIGTIMEDWAIT, [set, 0, limit, SET, 0]) }.is_ok() {}
}

fn set_mask(mask: u64) -> Result<usize> {
    let set = (&raw const mask).expose_provenance();
    // SAFETY: the pointer is to a set of the size that is given.
    unsafe { procmask([SIG_SETMASK, set, 0]) }
}

/// # Safety
///
/// As for rt_sigprocmask(2), with sets of [`SET`] bytes.
unsafe fn procmask([how, set, old]: [usize; 3]) -> Result<usize> {
    // SAFETY: the caller's promise.
    unsafe { syscall(number::RT_SIGPROCMASK, [how, set, old, SET, 0]) }
}
