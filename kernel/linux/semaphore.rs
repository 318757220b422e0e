// SPDX-License-Identifier: GPL-2.0-only

//! `struct semaphore`, with a guard.
//!
//! C header: `include/linux/semaphore.h`.

use super::to_result;
use kernel::bindings;
use umh_core::errno::Errno;
use umh_core::host::Jiffies;

/// A counting semaphore that lives for ever.
///
/// # Invariants
///
/// The pointer is valid and initialised, always.
pub(crate) struct Semaphore(*mut bindings::semaphore);

// SAFETY: All that is done through it are calls that lock by themselves.
unsafe impl Sync for Semaphore {}

/// One of its counts; given back when dropped.
pub(crate) struct Slot<'a>(&'a Semaphore);

impl Semaphore {
    /// # Safety
    ///
    /// `sem` is initialised before any use and stays for ever.
    pub(crate) const unsafe fn new(sem: *mut bindings::semaphore) -> Self {
        Self(sem)
    }

    /// `down_timeout()`: the error is `ETIME`.
    pub(crate) fn down(&self, timeout: Jiffies) -> Result<Slot<'_>, Errno> {
        // SAFETY: By the type's invariants.
        to_result(unsafe { bindings::down_timeout(self.0, timeout as _) })?;
        Ok(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type's invariants; the count was taken by `down`.
        unsafe { bindings::up(self.0.0) };
    }
}
