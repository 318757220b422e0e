// SPDX-License-Identifier: MIT OR Apache-2.0

//! The fatal signal of threads.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, Weak};

use crate::wake::lock;

/// Ends waits for helpers, from any thread: those that have begun and those
/// that will. A helper whose caller was cancelled goes on alone, as one whose
/// caller was killed does.
///
/// ```
/// use umh::{Cancel, Command, Errno, Stage, Umh, Wait};
///
/// let cancel = Cancel::new();
/// cancel.cancel();
/// let sleep = Command::new("/bin/sleep").arg("1").cancel(&cancel);
/// let error = sleep.exec(&Umh::new(), Wait::PROC).unwrap_err();
/// assert_eq!((error.stage, error.errno), (Stage::Wait, Errno::ERESTARTSYS));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Mutex<State>>);

/// Whoever looks again whether the token was used when it is woken.
pub(crate) trait Sleeper: Debug + Send + Sync {
    fn wake(&self);
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    waits: Vec<Weak<dyn Sleeper>>,
}

impl Cancel {
    /// A token that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the waits.
    pub fn cancel(&self) {
        let waits = {
            let mut state = lock(&self.0);
            state.cancelled = true;
            std::mem::take(&mut state.waits)
        };
        for sleeper in waits.iter().filter_map(Weak::upgrade) {
            sleeper.wake();
        }
    }

    /// Whether it was used.
    pub fn is_cancelled(&self) -> bool {
        lock(&self.0).cancelled
    }

    /// Has `sleeper` woken when it is used.
    pub(crate) fn watch(&self, sleeper: Weak<dyn Sleeper>) {
        let mut state = lock(&self.0);
        state.waits.retain(|sleeper| sleeper.strong_count() > 0);
        state.waits.push(sleeper);
    }
}
