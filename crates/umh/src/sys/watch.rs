// SPDX-License-Identifier: MIT OR Apache-2.0

//! A process's descriptor in the eye of tokio's runtime.

use std::io;

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;
use rustix::fd::BorrowedFd;

/// Has the runtime see when `pidfd` can be read: when its process has ended.
pub(crate) fn watch(pidfd: BorrowedFd<'_>) -> io::Result<AsyncFd<BorrowedFd<'_>>> {
    // SAFETY: what is borrowed has one number, and is open, for as long as the
    // watch lives.
    let watched = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) };
    watched.map_err(io::Error::from)
}
