// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who frees a call: decided once, by one exchange.
//!
//! `xchg(&sub_info->complete, NULL)` in `kernel/umh.c`, of
//! `call_usermodehelper_exec` on one side and `umh_complete` on the other.
//!
//! The call itself is always owned by one side: it goes to the worker when it
//! is queued, and comes back with the result. Only a caller whose wait a fatal
//! signal ends may be gone by then. Both sides do the same exchange:
//!
//! | | worker came first | worker came second |
//! | --- | --- | --- |
//! | **the worker** | gives the call back and wakes the caller | frees the call |
//! | **the caller** | waits on, for a moment: the call is on its way back | leaves; `-ERESTARTSYS` |
//!
//! A caller that is woken without a signal makes no exchange: it can only be
//! woken by a worker that came first.

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::const_new;

/// The word that both sides of one call exchange once.
///
/// `subprocess_info.complete`, which holds more: where the caller sleeps. A
/// host keeps that beside it, in memory that lives until both sides have made
/// their exchange or the caller was woken.
#[derive(Debug)]
pub struct Handoff {
    open: AtomicBool,
}

/// Which side came first.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The other side has not come yet.
    First,
    /// The other side was here.
    Second,
}

impl Handoff {
    const_new! {
        /// A hand-over to which nobody has come.
        pub fn new() -> Self {
            Self { open: AtomicBool::new(true) }
        }
    }

    /// Comes to the hand-over; each side may once.
    #[doc(alias = "umh_complete")]
    #[inline]
    pub fn come(&self) -> Turn {
        // Acquire and release: what the first did before it came, the second
        // sees. What the worker hands to a caller that still waits is ordered
        // by the host's completion, not by this.
        if self.open.swap(false, Ordering::AcqRel) {
            Turn::First
        } else {
            Turn::Second
        }
    }
}

impl Default for Handoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_side_is_first_and_the_other_second() {
        let handoff = Handoff::new();
        assert_eq!(handoff.come(), Turn::First);
        assert_eq!(handoff.come(), Turn::Second);
    }
}
