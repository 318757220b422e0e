// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was asked, what was decided, how it ended: one record a call, opened
//! before acting and closed after.
//!
//! The full records go to the ring, a mapped file of fixed size under `/run`
//! that all helper processes share ([`reader`] reads it); denials and failures
//! also go to `/dev/kmsg`, one line each, under a rate limit that the ring
//! holds for all processes together. Nothing here ever fails a call: without
//! `/run` there is no ring and at most one line a process, without
//! `/dev/kmsg` there is no line.
//!
//! A denial costs eight system calls: openat2, fstat and mmap of the ring, the
//! clock twice, getpid, openat and write of the line.

mod escape;
mod layout;
mod limit;
pub mod line;
mod place;
pub mod reader;
mod ring;
mod slot;
mod stored;

#[cfg(test)]
mod tests;

use core::cell::Cell;
use core::fmt;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use umh_abi::{Caller, Words};

use self::layout::Bucket;
use self::line::{Line, Priority};
pub use self::place::Demands;
use self::place::Trouble;
use self::ring::{Ring, Ticket};
use crate::sys::{Root, clock};
use crate::verdict::{Decision, Reason};

/// Where this process writes what it does.
///
/// Its descriptors may be 0 to 2, which most callers leave closed and which
/// what runs for a call is given; all of them close at execve(2). From
/// [`Log::begin`] of a call that is not refused none is used again after it
/// was: what is there then may be the program's. The ring's is of no use once
/// it is mapped, and a process that ends soon need not spend a system call on
/// closing it: it leaves the `Log` undropped.
pub struct Log<'r> {
    root: &'r Root,
    ring: Result<Ring, Trouble>,
    /// When this process began its work, nanoseconds since boot.
    began: u64,
    _ring_file: Option<OwnedFd>,
    kmsg: Cell<Option<OwnedFd>>,
    /// A call is being answered: the log's device is closed after each line.
    answering: Cell<bool>,
    /// Why the call comes to nothing was said: the record need not.
    told: Cell<bool>,
    /// A line was written, and there is no ring to say whether another may be.
    spoken: Cell<bool>,
}

impl<'r> Log<'r> {
    /// Opens the ring below `root`, or makes it. The time that a call took is
    /// counted from here.
    pub fn open(root: &'r Root) -> Self {
        Self::open_as(root, Demands::SYSTEM)
    }

    /// [`Log::open`] with other demands on the ring's place: for tests.
    pub fn open_as(root: &'r Root, demands: Demands) -> Self {
        let began = clock::boottime();
        let (ring, file) = match place::open(root, demands) {
            Ok((ring, file)) => (Ok(ring), Some(file)),
            Err(trouble) => (Err(trouble), None),
        };
        Self {
            root,
            ring,
            began,
            _ring_file: file,
            kmsg: Cell::new(None),
            answering: Cell::new(false),
            told: Cell::new(false),
            spoken: Cell::new(false),
        }
    }

    /// Whether it is known, from a process of this boot, that the kernel's
    /// command line asks for nothing.
    pub fn is_plain_boot(&self) -> bool {
        self.ring.as_ref().is_ok_and(Ring::is_plain_boot)
    }

    /// Tells the processes to come.
    pub fn remember_plain_boot(&self) {
        if let Ok(ring) = &self.ring {
            ring.remember_plain_boot();
        }
    }

    /// Opens the record of a call, before anything is done about it: counts
    /// it, and writes the line of a denial.
    pub fn begin<'a>(&'a self, entry: &Entry<'a>) -> Record<'a> {
        let ticket = self.open_record(entry);

        if entry.log != Level::None && entry.decision != Decision::Allow {
            let priority = match entry.reason {
                Reason::Trust => Priority::Critical,
                _ => Priority::Warning,
            };
            let bucket = Bucket::of_denial(entry.reason);
            // Early in boot, before there is a ring to hold the limit, most
            // programs are not there either: that is no news of any of them.
            let too_early = entry.reason == Reason::Missing
                && self.ring.as_ref().err() == Some(&Trouble::Absent);
            if !too_early {
                self.write(bucket, self.began, || Line::call(priority, entry));
            }
        }

        if entry.decision != Decision::Deny {
            self.answering.set(true);
            drop(self.kmsg.take());
        }
        Record {
            log: self,
            entry: *entry,
            ticket,
        }
    }

    /// Counts the call and writes the beginning of its record. Not made part
    /// of its caller, nor is [`Log::write`]: the record and the line then lie
    /// at the same place of the stack, one after the other.
    #[inline(never)]
    fn open_record(&self, entry: &Entry<'_>) -> Option<Ticket> {
        let ring = self.ring.as_ref().ok()?;
        ring.count(entry.caller, entry.decision, entry.reason);
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        ring.begin(&slot::Image::new(entry, pid.unsigned_abs(), self.began))
    }

    /// Writes that the policy or the installation is not as it should be:
    /// one critical line, under a limit of its own.
    pub fn complain(&self, complaint: fmt::Arguments<'_>) {
        self.write(Bucket::Complaints, self.began, || {
            Line::complaint(complaint)
        });
    }

    /// Writes why an allowed call comes to nothing: one line, under the limit
    /// of what any user can cause.
    pub fn warn(&self, what: fmt::Arguments<'_>) {
        self.told.set(true);
        self.write(Bucket::Everyday, self.began, || {
            Line::sentence(Priority::Warning, what)
        });
    }

    /// Writes a line if the limit of its kind lets it pass at `now`.
    #[inline(never)]
    fn write(&self, bucket: Bucket, now: u64, line: impl FnOnce() -> Line) {
        let suppressed = match &self.ring {
            Ok(ring) => ring.pass(bucket, now),
            Err(_) => (!self.spoken.replace(true)).then_some(0),
        };
        let Some(suppressed) = suppressed else { return };
        let mut line = line();
        line.suppressed(suppressed);
        if let Err(trouble) = self.ring {
            line.trouble(trouble);
        }

        let Some(kmsg) = self.kmsg.take().or_else(|| open_kmsg(self.root)) else {
            return;
        };
        // One write is one line. EAGAIN and the like lose it, as printk would.
        let _ = rustix::io::write(&kmsg, line.finish());
        if !self.answering.get() {
            self.kmsg.set(Some(kmsg));
        }
    }
}

/// Never waits, never follows a link, and adds at the end where a test has a
/// plain file in the place of the device.
fn open_kmsg(root: &Root) -> Option<OwnedFd> {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    root.open(b"/dev/kmsg", flags, Mode::empty()).ok()
}

/// A call and what was decided about it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who called; `None` if no caller makes such a call.
    pub caller: Option<Caller>,
    /// The argument list as it arrived.
    pub argv: Words<'a>,
    /// The name of the rule that decided; `-`, which no rule has, if none did.
    pub rule: &'a str,
    /// What happens.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// What exactly the reason is about: the module, the argument; or empty.
    pub detail: &'a [u8],
    /// The program that runs for it; empty if none does.
    pub target: &'a [u8],
    /// Which calls get a line in the kernel's log.
    pub log: Level,
}

/// Which calls get a line in the kernel's log. The ring has them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// None.
    None,
    /// Those refused, those that audit mode let through, and those allowed
    /// that came to nothing.
    #[default]
    Denials,
    /// Every one.
    All,
}

/// An open record. Dropped without [`Record::close`] it stays unfinished,
/// which is what a reader sees of a helper that was killed.
#[must_use = "a record that is not closed is read as a helper that died"]
pub struct Record<'a> {
    log: &'a Log<'a>,
    entry: Entry<'a>,
    ticket: Option<Ticket>,
}

impl Record<'_> {
    /// Closes the record; the line of an allowed call is written now.
    pub fn close(self, end: End) {
        let now = clock::boottime();
        let duration = now.saturating_sub(self.log.began);
        if let (Ok(ring), Some(ticket)) = (&self.log.ring, self.ticket) {
            ring.close(ticket, end, duration);
        }

        let came_to_nothing = matches!(end, End::Failed(_) | End::TimedOut);
        let (bucket, priority) = match (self.entry.decision, self.entry.log) {
            (Decision::Deny, _) | (_, Level::None) => return,
            (_, _) if came_to_nothing && self.log.told.get() => return,
            (_, _) if came_to_nothing => (Bucket::Everyday, Priority::Warning),
            (Decision::Allow, Level::All) => (Bucket::Allowed, Priority::Info),
            (_, _) => return,
        };
        self.log.write(bucket, now, || {
            let mut line = Line::call(priority, &self.entry);
            line.end(end, duration);
            line
        });
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This program answered by itself, with this exit status: denials and
    /// built-in answers.
    Answered(i32),
    /// The external program ended with this status.
    Exited(i32),
    /// The external program was killed by this signal.
    Killed(i32),
    /// This process became the external program: nobody sees its end.
    HandedOver,
    /// The external program ran longer than its rule allows and was killed.
    TimedOut,
    /// The external program could not be started or waited for.
    Failed(Errno),
}

impl End {
    /// The word in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Exited(_) => "exited",
            Self::Killed(_) => "killed",
            Self::HandedOver => "handed-over",
            Self::TimedOut => "timed-out",
            Self::Failed(_) => "failed",
        }
    }
}
