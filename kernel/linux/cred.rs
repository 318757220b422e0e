// SPDX-License-Identifier: GPL-2.0-only

//! `struct cred` in preparation.
//!
//! C header: `include/linux/cred.h`.

use core::ptr::NonNull;
use kernel::bindings;
use umh_core::caps::CapSet;
use umh_core::errno::Errno;

/// Credentials that are not anybody's yet; `abort_creds()` when dropped.
///
/// # Invariants
///
/// Valid, and not committed or aborted.
pub(crate) struct Cred(NonNull<bindings::cred>);

impl Cred {
    /// `prepare_kernel_cred()` for the task that calls.
    pub(crate) fn prepare() -> Result<Self, Errno> {
        // SAFETY: A task may always copy its own credentials.
        let cred = unsafe { bindings::prepare_kernel_cred(bindings::get_current()) };
        NonNull::new(cred).map(Self).ok_or(Errno::ENOMEM)
    }

    /// `commit_creds()`, which does not fail.
    pub(crate) fn commit(self) {
        let cred = self.as_ptr();
        core::mem::forget(self);
        // SAFETY: By the type's invariants; it is forgotten here.
        unsafe { bindings::commit_creds(cred) };
    }

    /// For a caller's `init`, which may change and keep nothing but counts.
    pub(crate) fn as_ptr(&self) -> *mut bindings::cred {
        self.0.as_ptr()
    }
}

impl umh_core::host::Cred for Cred {
    fn narrow(&mut self, bset: CapSet, inheritable: CapSet) {
        // SAFETY: By the type's invariants; nobody else has it yet.
        let cred = unsafe { self.0.as_mut() };
        cred.cap_bset.val &= bset.bits();
        cred.cap_inheritable.val &= inheritable.bits();
    }
}

impl Drop for Cred {
    fn drop(&mut self) {
        // SAFETY: By the type's invariants.
        unsafe { bindings::abort_creds(self.as_ptr()) };
    }
}

/// `capable()`
#[cfg(CONFIG_SYSCTL)]
pub(crate) fn capable(capability: u32) -> bool {
    // SAFETY: No argument that could be wrong: an unknown number is refused.
    unsafe { bindings::capable(capability as _) }
}
