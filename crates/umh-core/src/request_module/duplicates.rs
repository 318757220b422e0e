// SPDX-License-Identifier: MIT OR Apache-2.0

//! Several requests for one module, answered by one modprobe.
//!
//! `kernel/module/dups.c`, with `CONFIG_MODULE_DEBUG_AUTOLOAD_DUPS`. An answer,
//! a failure too, holds for a minute. Differences: where Linux allocates, this
//! is a table, and a request that finds it full is not tracked, as one that
//! finds no memory there; the first request tells its own entry what came of
//! it, where Linux looks for any entry of that name.

use super::{NAME_MAX, Name};
use crate::host::Jiffies;
use crate::wait::Retval;

/// How long an answer holds.
const LIFE_SECONDS: Jiffies = 60;

/// How many names are tracked at once.
const ENTRIES: usize = 64;

/// The requests of the last minute. A host keeps it under a lock.
#[derive(Debug)]
pub struct Duplicates {
    entries: [Entry; ENTRIES],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: [u8; NAME_MAX],
    length: usize,
    progress: Progress,
    waiters: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Free,
    Asked,
    Answered {
        retval: Retval,
        since: Jiffies,
    },
    /// No answer for newcomers any more, but somebody has still to read it.
    Old {
        retval: Retval,
    },
}

/// What a request finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Join {
    /// It is the first: it makes the call and announces the result.
    First(Ticket),
    /// It waits for the first one's result, and leaves.
    Duplicate(Ticket),
    /// It would not wait for the end, so it need not ask again.
    Ignored,
    /// It makes the call, and nobody can wait for it: it does not wait for the
    /// end itself, or the table is full.
    Untracked,
}

/// A place in the table. Whoever has one gives it back, by
/// [`Duplicates::announce`] or [`Duplicates::leave`].
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket(usize);

impl Duplicates {
    /// Nobody has asked for anything.
    pub const fn new() -> Self {
        const FREE: Entry = Entry {
            name: [0; NAME_MAX],
            length: 0,
            progress: Progress::Free,
            waiters: 0,
        };
        Self {
            entries: [FREE; ENTRIES],
        }
    }

    /// A request comes, at `now`, on a host of `hz` ticks a second.
    #[doc(alias = "kmod_dup_request_exists_wait")]
    pub fn join(&mut self, name: Name<'_>, wait: bool, now: Jiffies, hz: Jiffies) -> Join {
        for entry in &mut self.entries {
            entry.age(now, LIFE_SECONDS.saturating_mul(hz));
        }

        let known = self
            .entries
            .iter_mut()
            .enumerate()
            .find(|(_, entry)| entry.is(name));
        if let Some((index, entry)) = known {
            if !wait {
                return Join::Ignored;
            }
            entry.waiters += 1;
            return Join::Duplicate(Ticket(index));
        }
        // A result that its own caller does not wait for is no answer.
        let free = |(_, entry): &(usize, &mut Entry)| entry.progress == Progress::Free;
        match self.entries.iter_mut().enumerate().find(free) {
            Some((index, entry)) if wait => {
                entry.take(name);
                Join::First(Ticket(index))
            }
            _ => Join::Untracked,
        }
    }

    /// The first request has its result.
    #[doc(alias = "kmod_dup_request_announce")]
    pub fn announce(&mut self, ticket: Ticket, retval: Retval, now: Jiffies) {
        if let Some(entry) = self.entries.get_mut(ticket.0) {
            entry.progress = Progress::Answered { retval, since: now };
        }
    }

    /// The result that a duplicate waits for, when there is one.
    pub fn answer(&self, ticket: &Ticket) -> Option<Retval> {
        match self.entries.get(ticket.0)?.progress {
            Progress::Answered { retval, .. } | Progress::Old { retval } => Some(retval),
            Progress::Free | Progress::Asked => None,
        }
    }

    /// A duplicate has the result, or does not want it any more.
    pub fn leave(&mut self, ticket: Ticket) {
        if let Some(entry) = self.entries.get_mut(ticket.0) {
            entry.waiters = entry.waiters.saturating_sub(1);
        }
    }
}

impl Default for Duplicates {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    fn is(&self, name: Name<'_>) -> bool {
        let listed = matches!(self.progress, Progress::Asked | Progress::Answered { .. });
        listed && self.name.get(..self.length) == Some(name.as_bytes())
    }

    fn age(&mut self, now: Jiffies, life: Jiffies) {
        if let Progress::Answered { retval, since } = self.progress {
            if now.saturating_sub(since) >= life {
                self.progress = Progress::Old { retval };
            }
        }
        if matches!(self.progress, Progress::Old { .. }) && self.waiters == 0 {
            self.progress = Progress::Free;
        }
    }

    fn take(&mut self, name: Name<'_>) {
        let bytes = name.as_bytes();
        // A `Name` always fits.
        if let Some(room) = self.name.get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.length = bytes.len();
        self.progress = Progress::Asked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Status;

    const HZ: Jiffies = 100;

    fn name(name: &str) -> Name<'_> {
        Name::new(name.as_bytes()).unwrap()
    }

    fn first(table: &mut Duplicates, of: &str, now: Jiffies) -> Ticket {
        match table.join(name(of), true, now, HZ) {
            Join::First(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_duplicate_gets_the_result_of_the_first() {
        let mut table = Duplicates::new();
        let ticket = first(&mut table, "fs-xfs", 0);
        let Join::Duplicate(second) = table.join(name("fs-xfs"), true, 0, HZ) else {
            panic!("the same name");
        };
        assert_eq!(table.answer(&second), None);
        let failed = Retval::from(Status::exited(1));
        table.announce(ticket, failed, 1);
        assert_eq!(table.answer(&second), Some(failed));
        table.leave(second);
    }

    #[test]
    fn an_answer_holds_for_a_minute_also_a_failure() {
        let mut table = Duplicates::new();
        let ticket = first(&mut table, "a", 0);
        table.announce(ticket, Retval::from_raw(-2), 500);
        assert!(matches!(
            table.join(name("a"), true, 500 + 60 * HZ - 1, HZ),
            Join::Duplicate(_)
        ));
        // That one may still read it, in its own time; nobody new does.
        let again = first(&mut table, "a", 500 + 60 * HZ);
        assert_ne!(again, Ticket(0));
        assert_eq!(table.answer(&Ticket(0)), Some(Retval::from_raw(-2)));
        table.leave(Ticket(0));
        assert_eq!(first(&mut table, "b", 500 + 60 * HZ), Ticket(0));
    }

    #[test]
    fn who_does_not_wait_is_never_the_first() {
        let mut table = Duplicates::new();
        assert_eq!(table.join(name("a"), false, 0, HZ), Join::Untracked);
        let _ticket = first(&mut table, "a", 0);
        assert_eq!(table.join(name("a"), false, 0, HZ), Join::Ignored);
    }

    #[test]
    fn a_full_table_tracks_no_more() {
        let mut table = Duplicates::new();
        for number in 0..ENTRIES {
            let of = std::format!("net-pf-{number}");
            let joined = table.join(name(&of), true, 0, HZ);
            assert!(matches!(joined, Join::First(_)));
        }
        assert_eq!(table.join(name("one more"), true, 0, HZ), Join::Untracked);
    }
}
