// SPDX-License-Identifier: GPL-2.0-only

//! The locks and queues of the engine: `glue.c` has the objects, because C's
//! initialisers make them right before any code has run, and calls come before
//! the first initcall.

#[cfg(CONFIG_MODULES)]
use super::{mutex::Mutex, semaphore::Semaphore};
use super::{rwsem::RwSem, wait_queue::WaitQueue};
use core::ptr::addr_of_mut;
use kernel::bindings;
#[cfg(CONFIG_MODULES)]
use umh_core::request_module::Duplicates;

/// `umhelper_sem`
// SAFETY: A static of `glue.c`, initialised there.
pub(crate) static SEM: RwSem = unsafe { RwSem::new(addr_of_mut!(bindings::umh_sem)) };

/// `running_helpers_waitq`
pub(crate) static RUNNING: WaitQueue =
    // SAFETY: A static of `glue.c`, initialised there and woken only here.
    unsafe { WaitQueue::new(addr_of_mut!(bindings::umh_running_waitq)) };

/// `usermodehelper_disabled_waitq`
pub(crate) static DEPTH: WaitQueue =
    // SAFETY: As `RUNNING`.
    unsafe { WaitQueue::new(addr_of_mut!(bindings::umh_depth_waitq)) };

/// Where duplicate requests wait for the first one's result.
#[cfg(CONFIG_MODULES)]
pub(crate) static ANSWERS: WaitQueue =
    // SAFETY: As `RUNNING`.
    unsafe { WaitQueue::new(addr_of_mut!(bindings::umh_duplicates_waitq)) };

/// `kmod_concurrent_max`
#[cfg(CONFIG_MODULES)]
pub(crate) static SLOTS: Semaphore =
    // SAFETY: A static of `glue.c`, initialised there.
    unsafe { Semaphore::new(addr_of_mut!(bindings::umh_kmod_slots)) };

/// `dup_kmod_reqs`
#[cfg(CONFIG_MODULES)]
pub(crate) static DUPLICATES: Mutex<Duplicates> =
    // SAFETY: A static of `glue.c`, initialised there, for nothing else.
    unsafe {
        Mutex::new(
            addr_of_mut!(bindings::umh_duplicates_lock),
            Duplicates::new(),
        )
    };
