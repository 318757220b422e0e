// SPDX-License-Identifier: MIT OR Apache-2.0

//! What every built-in answer is given beside its message, and what it gives
//! back.
//!
//! An answer knows neither policy nor audit nor exit statuses. It gets its
//! message and a [`Context`], does the work, and says what it came to; the
//! pipeline turns that into a record and a status.

use core::fmt;
use core::time::Duration;

use rustix::io::Errno;

use crate::sys::Root;
use crate::verdict::Permit;

/// What an answer works with.
#[derive(Debug)]
pub struct Context<'a> {
    /// Where absolute paths start.
    pub root: &'a Root,
    /// How long the answer may wait for others (the rule's `timeout`).
    pub limit: Duration,
    /// Proof that the call was judged and let through.
    permit: Permit,
}

impl<'a> Context<'a> {
    /// A context for one permitted call.
    pub const fn new(permit: Permit, root: &'a Root, limit: Duration) -> Self {
        Self {
            root,
            limit,
            permit,
        }
    }

    /// The proof that the call was let through, for what must never happen
    /// without one.
    pub const fn permit(&self) -> Permit {
        self.permit
    }
}

/// What an answer came to.
pub type Answer = Result<Done, Failed>;

/// Something was done: one word for the record, `"removed"`, `"negated"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done(pub &'static str);

/// An answer could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What was tried: a system call's name or a file's.
    pub step: &'static str,
    /// Why it did not work.
    pub errno: Errno,
}

impl Failed {
    /// Names the step that an error came from.
    pub(crate) const fn at(step: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self { step, errno }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: errno {}", self.step, self.errno.raw_os_error())
    }
}
