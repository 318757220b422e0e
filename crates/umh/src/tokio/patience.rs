// SPDX-License-Identifier: MIT OR Apache-2.0

//! How long a task waits: until it is cancelled, or its time is over.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Poll, Waker};

use ::tokio::time::{Instant, sleep_until};
use umh_core::errno::Errno;

use crate::call::ProcessCall;
use crate::cancel::{Cancel, Sleeper};
use crate::error::Progress;
use crate::wake::lock;

/// What may end the waits of one call.
pub(super) struct Patience {
    cancel: Option<Cancel>,
    deadline: Option<Instant>,
    progress: Arc<Progress>,
}

impl Patience {
    pub(super) fn of(call: &mut ProcessCall) -> Self {
        let now = Instant::now();
        Self {
            cancel: call.cancel.take(),
            deadline: call.timeout.and_then(|timeout| now.checked_add(timeout)),
            progress: call.progress.clone(),
        }
    }

    /// Waits for `what`, if it comes first.
    pub(super) async fn or<T>(&self, what: impl Future<Output = T>) -> Result<T, Errno> {
        let mut what = pin!(what);
        let mut cancelled = pin!(self.cancelled());
        let mut late = pin!(self.late());
        poll_fn(|context| {
            if let Poll::Ready(done) = what.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            let errno = if cancelled.as_mut().poll(context).is_ready() {
                Errno::ERESTARTSYS
            } else if late.as_mut().poll(context).is_ready() {
                Errno::ETIMEDOUT
            } else {
                return Poll::Pending;
            };
            self.progress.interrupt();
            Poll::Ready(Err(errno))
        })
        .await
    }

    async fn cancelled(&self) {
        let Some(cancel) = &self.cancel else {
            return pending().await;
        };
        let task = Arc::new(Task::default());
        let sleeper: Weak<dyn Sleeper> = Arc::<Task>::downgrade(&task);
        cancel.watch(sleeper);
        poll_fn(|context| {
            // First where to find us, then the look.
            *lock(&task.0) = Some(context.waker().clone());
            if cancel.is_cancelled() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    async fn late(&self) {
        match self.deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
    }
}

/// A task that waits for a token.
#[derive(Debug, Default)]
struct Task(Mutex<Option<Waker>>);

impl Sleeper for Task {
    fn wake(&self) {
        if let Some(waker) = lock(&self.0).take() {
            waker.wake();
        }
    }
}
