// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where a waiting caller gets its call back.

use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use umh_core::errno::Errno;
use umh_core::handoff::Handoff;
use umh_core::host::{Completer, Finished, Waiter};

use crate::cancel::{Cancel, Sleeper};
use crate::error::Progress;
use crate::processes::Processes;
use crate::wake::{lock, wait_until};

pub(crate) struct Slot {
    handoff: Handoff,
    finished: Mutex<Option<Finished<Processes>>>,
    changed: Condvar,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("handoff", &self.handoff)
            .finish_non_exhaustive()
    }
}

impl Sleeper for Slot {
    fn wake(&self) {
        // Between the waiter's look and its sleep it holds this.
        drop(lock(&self.finished));
        self.changed.notify_all();
    }
}

/// The two ends of a slot. The waiter is "killed" by the token or after the
/// time.
pub(crate) fn pair(
    progress: Arc<Progress>,
    cancel: Option<Cancel>,
    timeout: Option<Duration>,
) -> (SlotWaiter, SlotCompleter) {
    let slot = Arc::new(Slot {
        handoff: Handoff::new(),
        finished: Mutex::new(None),
        changed: Condvar::new(),
    });
    if let Some(cancel) = &cancel {
        let slot: Weak<dyn Sleeper> = Arc::<Slot>::downgrade(&slot);
        cancel.watch(slot);
    }
    let waiter = SlotWaiter {
        slot: slot.clone(),
        progress,
        cancel,
        deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    (waiter, SlotCompleter { slot })
}

pub(crate) struct SlotWaiter {
    slot: Arc<Slot>,
    progress: Arc<Progress>,
    cancel: Option<Cancel>,
    deadline: Option<Instant>,
}

impl Waiter<Processes> for SlotWaiter {
    fn handoff(&self) -> &Handoff {
        &self.slot.handoff
    }

    fn wait(self, _freezable: bool) -> Finished<Processes> {
        let mut finished = lock(&self.slot.finished);
        loop {
            match finished.take() {
                Some(finished) => return finished,
                None => finished = wait_until(&self.slot.changed, finished, None),
            }
        }
    }

    fn wait_killable(&mut self, _freezable: bool) -> Result<Finished<Processes>, Errno> {
        let mut finished = lock(&self.slot.finished);
        loop {
            if let Some(finished) = finished.take() {
                return Ok(finished);
            }
            if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                self.progress.interrupt();
                return Err(Errno::ERESTARTSYS);
            }
            if self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now())
            {
                self.progress.interrupt();
                return Err(Errno::ETIMEDOUT);
            }
            finished = wait_until(&self.slot.changed, finished, self.deadline);
        }
    }
}

pub(crate) struct SlotCompleter {
    slot: Arc<Slot>,
}

impl Completer<Processes> for SlotCompleter {
    fn handoff(&self) -> &Handoff {
        &self.slot.handoff
    }

    fn complete(self, finished: Finished<Processes>) {
        *lock(&self.slot.finished) = Some(finished);
        self.slot.changed.notify_all();
    }
}
