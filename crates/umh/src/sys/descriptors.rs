// SPDX-License-Identifier: MIT OR Apache-2.0

//! File descriptors by number, in a child's own table.

use rustix::fd::{AsRawFd as _, BorrowedFd, IntoRawFd as _, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, Result};

use super::raw::{number, syscall};

/// Makes descriptor `number` the file, open across execve(2).
pub(crate) fn place(file: BorrowedFd<'_>, number: i32) -> Result<()> {
    let from = usize::try_from(file.as_raw_fd()).map_err(|_| Errno::BADF)?;
    let to = usize::try_from(number).map_err(|_| Errno::BADF)?;
    // SAFETY: takes no pointer. What was at `number` is given up: the table is
    // the child's own, and nothing of it is used by number any more.
    unsafe { syscall(number::DUP3, [from, to, 0, 0, 0]) }.map(drop)
}

/// The same file at `lowest` or above, closed by execve(2); by number, because
/// the child never closes it itself.
pub(crate) fn duplicate(file: BorrowedFd<'_>, lowest: i32) -> Result<BorrowedFd<'static>> {
    rustix::io::fcntl_dupfd_cloexec(file, lowest).map(leave_open)
}

/// The same descriptor, by number, until execve(2).
pub(crate) fn leave_open(file: OwnedFd) -> BorrowedFd<'static> {
    let number = file.into_raw_fd();
    // SAFETY: it was owned and so is not -1, and nobody closes it now.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// `/dev/null`.
pub(crate) fn null() -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, c"/dev/null", flags, Mode::empty())
}

/// Has every descriptor from `first` to `last` closed by execve(2).
pub(crate) fn close_at_exec(first: u32, last: u32) -> Result<()> {
    /// linux/close_range.h
    const CLOSE_RANGE_CLOEXEC: usize = 4;
    let range = [first, last].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let [first, last] = range;
    // SAFETY: takes no pointer; nothing is closed before this process is
    // another program.
    unsafe {
        syscall(
            number::CLOSE_RANGE,
            [first, last, CLOSE_RANGE_CLOEXEC, 0, 0],
        )
    }
    .map(drop)
}
