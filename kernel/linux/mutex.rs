// SPDX-License-Identifier: GPL-2.0-only

//! `struct mutex` around a value, both static: `kernel::sync::Mutex` needs to
//! be initialised at run time.
//!
//! C header: `include/linux/mutex.h`.

use core::cell::UnsafeCell;
use kernel::bindings;

/// A lock that lives for ever, and what it protects.
///
/// # Invariants
///
/// The pointer is valid and initialised, always, and locked only here.
pub(crate) struct Mutex<T> {
    lock: *mut bindings::mutex,
    value: UnsafeCell<T>,
}

// SAFETY: The value is reached by whoever holds the lock, one at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// # Safety
    ///
    /// `lock` is initialised before any use, stays for ever, and is used for
    /// this value only.
    pub(crate) const unsafe fn new(lock: *mut bindings::mutex, value: T) -> Self {
        Self {
            lock,
            value: UnsafeCell::new(value),
        }
    }

    /// Works on the value while nobody else does.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: By the type's invariants.
        unsafe { bindings::mutex_lock(self.lock) };
        // SAFETY: The lock is held until `work` is done with the reference.
        let result = work(unsafe { &mut *self.value.get() });
        // SAFETY: Locked above, by this task.
        unsafe { bindings::mutex_unlock(self.lock) };
        result
    }
}
