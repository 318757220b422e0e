// SPDX-License-Identifier: GPL-2.0-only

//! `struct wait_queue_head`, and a place in it that may move.
//!
//! C header: `include/linux/wait.h`. In C a place is an entry on the stack of
//! who waits, linked before the condition is looked at. A value in Rust moves,
//! so a place here is the number of wake-ups so far, and the entry is linked
//! only for the sleep, if that number is still the same: no wake-up is missed
//! either way, and a look at a condition that holds links nothing.

use core::sync::atomic::{AtomicUsize, Ordering, fence};
use kernel::bindings;
use umh_core::errno::Errno;
use umh_core::host::{Jiffies, Prepared, State};

/// A wait queue that lives for ever.
///
/// # Invariants
///
/// The pointer is valid and initialised, always, and woken only here.
pub(crate) struct WaitQueue {
    head: *mut bindings::wait_queue_head,
    wake_ups: AtomicUsize,
}

// SAFETY: All that is done through it are calls that lock by themselves.
unsafe impl Sync for WaitQueue {}

/// A place in a queue: woken by any wake-up since it was taken.
pub(crate) struct Place<'a> {
    queue: &'a WaitQueue,
    state: State,
    seen: usize,
}

impl WaitQueue {
    /// # Safety
    ///
    /// `head` is initialised before any use and stays for ever; nobody else
    /// wakes it.
    pub(crate) const unsafe fn new(head: *mut bindings::wait_queue_head) -> Self {
        Self {
            head,
            wake_ups: AtomicUsize::new(0),
        }
    }

    /// Takes a place.
    pub(crate) fn place(&self, state: State) -> Place<'_> {
        let seen = self.wake_ups.load(Ordering::Relaxed);
        // Take a place, then look, against change, then wake: one side sees
        // the other.
        fence(Ordering::SeqCst);
        Place {
            queue: self,
            state,
            seen,
        }
    }

    /// Wakes every place taken so far.
    pub(crate) fn wake_up(&self) {
        // Orders the change before it, as `place` says, and the count before
        // the look at the list: who links an entry and then finds the old
        // count is on the list by now.
        self.wake_ups.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // SAFETY: By the type's invariants. `waitqueue_active()`: a look at a
        // list that others may be changing.
        let first = unsafe { core::ptr::addr_of!((*self.head).head.next).read_volatile() };
        // SAFETY: By the type's invariants; only the address is taken.
        let list = unsafe { core::ptr::addr_of_mut!((*self.head).head) };
        if first != list {
            // SAFETY: By the type's invariants. All, as no entry is exclusive.
            unsafe { bindings::__wake_up(self.head, TASK_NORMAL, 1, core::ptr::null_mut()) };
        }
    }
}

impl Prepared for Place<'_> {
    fn schedule_timeout(&mut self, timeout: Jiffies) -> Result<Jiffies, Errno> {
        let mut entry = bindings::wait_queue_entry::default();
        let head = self.queue.head;
        // SAFETY: Plain memory, which stays where it is until `finish_wait`.
        unsafe { bindings::init_wait_entry(&mut entry, 0) };
        // SAFETY: Both are valid, the queue by the type's invariants. It ends
        // in a full barrier.
        unsafe { bindings::prepare_to_wait(head, &mut entry, task_state(self.state)) };
        let woken = self.queue.wake_ups.load(Ordering::Relaxed) != self.seen;
        // SAFETY: No argument, no effect but a look.
        let killed =
            self.state == State::Killable && unsafe { bindings::umh_fatal_signal_pending() };
        let left = if woken || killed {
            timeout
        } else {
            // SAFETY: This task may sleep: its callers hold no spinlock.
            unsafe { bindings::schedule_timeout(timeout as _) as Jiffies }
        };
        // SAFETY: The entry was linked above, and is unlinked here.
        unsafe { bindings::finish_wait(head, &mut entry) };
        if killed {
            return Err(Errno::ERESTARTSYS);
        }
        Ok(left)
    }
}

fn task_state(state: State) -> i32 {
    let state = match state {
        State::Interruptible => bindings::TASK_INTERRUPTIBLE,
        State::Uninterruptible => bindings::TASK_UNINTERRUPTIBLE,
        State::Killable => bindings::TASK_KILLABLE,
    };
    state as i32
}

const TASK_NORMAL: u32 = bindings::TASK_NORMAL;
