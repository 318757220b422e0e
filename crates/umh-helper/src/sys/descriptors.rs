// SPDX-License-Identifier: MIT OR Apache-2.0

//! File descriptors by number: what a caller left open.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsRawFd as _, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::{Errno, FdFlags, Result};

use super::Root;
use super::raw::{number, syscall};

/// How many descriptors are looked at. No kernel caller installs one above 3.
pub const LOOKED_AT: usize = 16;

/// Which of the first [`LOOKED_AT`] descriptors are open, by one poll(2):
/// a closed one is `POLLNVAL`. All count as open if the call fails.
pub fn open() -> [bool; LOOKED_AT] {
    // SAFETY: poll(2) takes any number; a closed one is an answer.
    let mut polled = core::array::from_fn::<_, LOOKED_AT, _>(|number| unsafe { poll_fd(number) });
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let answered = rustix::event::poll(&mut polled, Some(&now)).is_ok();
    polled
        .each_ref()
        .map(|polled| !(answered && polled.revents().contains(PollFlags::NVAL)))
}

/// Whether descriptor `number` is a pipe or FIFO.
pub fn is_pipe(number: u8) -> bool {
    // SAFETY: fstat(2) takes any number; a closed one is an error. Nothing
    // here closes descriptors meanwhile.
    let borrowed = unsafe { BorrowedFd::borrow_raw(i32::from(number)) };
    rustix::fs::fstat(borrowed)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// Writes `text` to descriptor `number`, as far as it can be written.
pub fn write(number: u8, text: &[u8]) {
    // SAFETY: write(2) takes any number; a closed one is an error. Nothing
    // here closes descriptors meanwhile.
    let borrowed = unsafe { BorrowedFd::borrow_raw(i32::from(number)) };
    let _ = rustix::io::write(borrowed, text);
}

/// The descriptors that a program gets as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Descriptor 0; otherwise it is `/dev/null`.
    pub stdin: bool,
    /// Descriptors 1 and 2; otherwise they are `/dev/null`.
    pub output: bool,
    /// Descriptor 3; otherwise it is closed.
    pub pidfd: bool,
}

/// The same file by a number that [`arrange`] leaves alone.
pub fn out_of_the_way(file: OwnedFd) -> Result<OwnedFd> {
    /// The first number that is nobody's place.
    const FIRST_FREE: i32 = 4;
    if file.as_raw_fd() >= FIRST_FREE {
        return Ok(file);
    }
    let moved = rustix::io::fcntl_dupfd_cloexec(&file, FIRST_FREE)?;
    // `arrange` puts something else in its place, or execve(2) closes it.
    let _ = file.into_raw_fd();
    Ok(moved)
}

/// Sets the descriptors for the program to come: 0 to 2 are `/dev/null`, or
/// closed where there is none, unless kept; all others but the kept close at
/// execve(2). Whatever of ours lies below 4 is lost, but for what is kept.
pub fn arrange(root: &Root, kept: Kept) -> Result<()> {
    let null = root.open(b"/dev/null", OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    // Closes at execve(2), but for where it is placed.
    let null = null.ok().map(IntoRawFd::into_raw_fd);
    for (number, kept) in [(0, kept.stdin), (1, kept.output), (2, kept.output)] {
        if !kept {
            place(null, number)?;
        }
    }

    /// linux/close_range.h
    const CLOSE_RANGE_CLOEXEC: usize = 4;
    let first = if kept.pidfd { 4 } else { 3 };
    let last = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    // SAFETY: takes no pointer; nothing is closed before this process is
    // another program.
    unsafe {
        syscall(
            number::CLOSE_RANGE,
            [first, last, CLOSE_RANGE_CLOEXEC, 0, 0, 0],
        )
    }
    .map(|_| ())
}

/// Closes what a program was started with: while *we* hold the reading end of
/// a pipe, its writer never learns that the program is gone.
pub fn let_go(kept: Kept) {
    let held = [
        (0, kept.stdin),
        (1, kept.output),
        (2, kept.output),
        (3, kept.pidfd),
    ];
    for (number, _) in held.iter().filter(|(_, kept)| *kept) {
        let _ = place(None, *number);
    }
}

/// Makes descriptor `number` the file that `from` is, open across execve(2),
/// or closes it.
fn place(from: Option<RawFd>, number: RawFd) -> Result<()> {
    let raw = |number: RawFd| usize::try_from(number).map_err(|_| Errno::BADF);
    match from {
        // It came there by itself: what is opened takes the first free number.
        Some(from) if from == number => {
            // SAFETY: the caller has it open.
            let file = unsafe { BorrowedFd::borrow_raw(number) };
            rustix::io::fcntl_setfd(file, FdFlags::empty())
        }
        Some(from) => {
            let arguments = [raw(from)?, raw(number)?, 0, 0, 0, 0];
            // SAFETY: takes no pointer; what was at `number` is given up, as
            // `arrange` says.
            unsafe { syscall(number::DUP3, arguments) }.map(|_| ())
        }
        // SAFETY: as above.
        None => match unsafe { syscall(number::CLOSE, [raw(number)?, 0, 0, 0, 0, 0]) } {
            Ok(_) | Err(Errno::BADF) => Ok(()),
            Err(errno) => Err(errno),
        },
    }
}

/// # Safety
///
/// The result must only be polled.
unsafe fn poll_fd(number: usize) -> PollFd<'static> {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    // SAFETY: the number is not -1, and the caller promises the rest.
    PollFd::from_borrowed_fd(
        unsafe { BorrowedFd::borrow_raw(number) },
        PollFlags::empty(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_of_a_test_are_open() {
        let open = open();
        assert!(open[0] && open[1] && open[2]);
    }
}
