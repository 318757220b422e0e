// SPDX-License-Identifier: GPL-2.0-only

//! `struct rw_semaphore`, with guards.
//!
//! C header: `include/linux/rwsem.h`.

use kernel::bindings;

/// A read/write semaphore that lives for ever.
///
/// # Invariants
///
/// The pointer is valid and initialised, always.
pub(crate) struct RwSem(*mut bindings::rw_semaphore);

// SAFETY: All that is done through it are calls that lock by themselves.
unsafe impl Sync for RwSem {}

/// Held for read; given back when dropped.
pub(crate) struct Read<'a>(&'a RwSem);

/// Held for write; given back when dropped.
pub(crate) struct Write<'a>(&'a RwSem);

impl RwSem {
    /// # Safety
    ///
    /// `sem` is initialised before any use and stays for ever.
    pub(crate) const unsafe fn new(sem: *mut bindings::rw_semaphore) -> Self {
        Self(sem)
    }

    /// `down_read()`
    pub(crate) fn read(&self) -> Read<'_> {
        // SAFETY: By the type's invariants.
        unsafe { bindings::down_read(self.0) };
        Read(self)
    }

    /// `down_write()`
    pub(crate) fn write(&self) -> Write<'_> {
        // SAFETY: By the type's invariants.
        unsafe { bindings::down_write(self.0) };
        Write(self)
    }

    /// `up_read()`, for a guard that was forgotten.
    ///
    /// # Safety
    ///
    /// There is such a guard, and this task owes no other drop for it.
    pub(crate) unsafe fn unlock_read(&self) {
        // SAFETY: By the type's invariants; the lock is held, by the caller.
        unsafe { bindings::up_read(self.0) };
    }
}

impl Drop for Read<'_> {
    fn drop(&mut self) {
        // SAFETY: The guard is proof that the lock is held, and ends here.
        unsafe { self.0.unlock_read() };
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        // SAFETY: As for `Read`.
        unsafe { bindings::up_write(self.0.0) };
    }
}
