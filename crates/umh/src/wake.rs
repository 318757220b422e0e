// SPDX-License-Identifier: MIT OR Apache-2.0

//! Waiting with threads: the engine's wait queues.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use umh_core::errno::Errno;
use umh_core::host::{FOREVER, Jiffies, Prepared};

/// Ticks are milliseconds.
pub(crate) const HZ: Jiffies = 1000;

/// The ticks of a span of time, rounded up: nobody is woken early.
pub(crate) fn ticks(span: Duration) -> Jiffies {
    let rounded = span.as_millis() + u128::from(!span.subsec_nanos().is_multiple_of(1_000_000));
    Jiffies::try_from(rounded).unwrap_or(FOREVER)
}

/// Takes a lock. What a panic of ours left half-way is a number or a list,
/// never worse than before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition, with a limit if there is one.
pub(crate) fn wait_until<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> MutexGuard<'a, T> {
    match deadline {
        None => changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            let woken = changed.wait_timeout(guard, left);
            woken.unwrap_or_else(PoisonError::into_inner).0
        }
    }
}

/// A wait queue: the number of wake-ups so far. A sleeper remembers the number
/// that it saw before it looked at its condition, so that no wake-up in
/// between is missed.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue {
    wakes: Mutex<u64>,
    woken: Condvar,
}

impl WaitQueue {
    pub(crate) fn prepare(&self) -> Place<'_> {
        let seen = *lock(&self.wakes);
        Place { queue: self, seen }
    }

    pub(crate) fn wake(&self) {
        *lock(&self.wakes) += 1;
        self.woken.notify_all();
    }
}

pub(crate) struct Place<'a> {
    queue: &'a WaitQueue,
    seen: u64,
}

impl Prepared for Place<'_> {
    fn schedule_timeout(&mut self, timeout: Jiffies) -> Result<Jiffies, Errno> {
        let span = Duration::from_millis(timeout.unsigned_abs());
        // A span that no clock reaches is no limit.
        let deadline = Instant::now().checked_add(span);
        let deadline = deadline.filter(|_| timeout != FOREVER);
        let mut wakes = lock(&self.queue.wakes);
        while *wakes == self.seen && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            wakes = wait_until(&self.queue.woken, wakes, deadline);
        }
        Ok(match deadline {
            None => timeout,
            Some(deadline) => ticks(deadline.saturating_duration_since(Instant::now())),
        })
    }
}
