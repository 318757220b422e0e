// SPDX-License-Identifier: GPL-2.0-only

//! `struct completion`, with killable and freezable waits.
//!
//! C header: `include/linux/completion.h`.

use super::to_result;
use kernel::bindings;
use kernel::types::Opaque;
use umh_core::errno::Errno;

/// Something that one task waits for and another completes.
///
/// # Invariants
///
/// [`Completion::init`] was called, and the value has not moved since.
#[repr(transparent)]
pub(crate) struct Completion(Opaque<bindings::completion>);

impl Completion {
    /// The one that lies at `done`, initialised anew.
    ///
    /// # Safety
    ///
    /// `done` is valid for `'a`, and nobody else uses it yet.
    pub(crate) unsafe fn init<'a>(done: *mut bindings::completion) -> &'a Self {
        // SAFETY: Valid and unused, says the caller.
        unsafe { bindings::umh_init_completion(done) };
        // SAFETY: The same, and the type is transparent.
        unsafe { Self::from_raw(done) }
    }

    /// The one that lies at `done`.
    ///
    /// # Safety
    ///
    /// `done` is valid for `'a` and was initialised where it is.
    pub(crate) unsafe fn from_raw<'a>(done: *mut bindings::completion) -> &'a Self {
        // SAFETY: Valid, says the caller; the type is transparent.
        unsafe { &*done.cast() }
    }

    /// Wakes who waits. Touches nothing of it afterwards that a woken task
    /// could free.
    pub(crate) fn complete(&self) {
        // SAFETY: By the type's invariants.
        unsafe { bindings::complete(self.0.get()) };
    }

    /// Waits; nothing else ends it.
    pub(crate) fn wait(&self, freezable: bool) {
        let state = bindings::TASK_UNINTERRUPTIBLE | freezing(freezable);
        // SAFETY: By the type's invariants.
        unsafe { bindings::wait_for_completion_state(self.0.get(), state) };
    }

    /// Waits; a fatal signal ends it with `ERESTARTSYS`.
    pub(crate) fn wait_killable(&self, freezable: bool) -> Result<(), Errno> {
        let state = bindings::TASK_KILLABLE | freezing(freezable);
        // SAFETY: By the type's invariants.
        let ret = unsafe { bindings::wait_for_completion_state(self.0.get(), state) };
        to_result(ret).map(drop)
    }
}

const fn freezing(freezable: bool) -> u32 {
    if freezable {
        bindings::TASK_FREEZABLE
    } else {
        0
    }
}
