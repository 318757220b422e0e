// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ring as its readers see it: `umh log`, `umh status`, tests in guests.
//!
//! Reads the file with pread(2) and maps nothing, so that no file, however it
//! is made or changed meanwhile, can do more than give an error; each
//! record is checked by its state and its sum and shown whole or not at all.

use core::fmt;

use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use rustix::io::Errno;
use umh_abi::Caller;

use super::layout::{self, Bucket, FORMAT, HEADER_WORDS, MAGIC, SLOT_WORDS, SLOTS};
use super::slot;
use super::{place, stored};
use crate::sys::{Root, clock};
use crate::verdict::{Decision, Reason};

pub use super::stored::{Ended, Stored};

/// What a ring can be read from.
pub trait Source {
    /// Fills `into` from `offset`, or fails.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Errno>;
}

/// Reads a ring from its oldest record on.
///
/// ```no_run
/// use umh_helper::audit::reader::{Found, Reader};
///
/// let mut reader = Reader::open(&umh_helper::sys::Root::System).expect("a call has come");
/// while let Ok(Some(found)) = reader.next() {
///     if let Found::Record(record) = found {
///         println!("{} {}", record.decision.name(), record.reason.name());
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Reader<S = OwnedFd> {
    source: S,
    /// The ticket of the next record.
    next: u64,
    /// What turns nanoseconds since boot into nanoseconds since 1970.
    boot: u64,
}

/// The first bytes of every ring that this version can read.
pub fn signature() -> [u8; 16] {
    let mut bytes = [0; 16];
    let (magic, format) = bytes.split_at_mut(8);
    magic.copy_from_slice(&MAGIC.to_le_bytes());
    format.copy_from_slice(&FORMAT.to_le_bytes());
    bytes
}

/// What a ticket of the ring stands for now.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap, and one is read at a time"
)]
pub enum Found {
    /// A whole record.
    Record(Stored),
    /// Nothing: its writer has not come further, or died. The ticket may be
    /// asked for again.
    Unwritten(u64),
    /// Nothing any more: newer records have its place.
    Overwritten(u64),
}

impl Reader {
    /// Opens the ring below `root`.
    pub fn open(root: &Root) -> Result<Self, Unreadable> {
        let file = place::open_unlinked(root, place::PATH, OFlags::RDONLY | OFlags::NONBLOCK);
        Self::new(file.map_err(Unreadable::Failed)?)
    }

    /// Whether the file was removed, so that records go elsewhere: who follows
    /// a ring opens it again.
    pub fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.source).is_ok_and(|status| status.st_nlink == 0)
    }
}

impl<S: Source> Reader<S> {
    /// Reads the ring in `source`.
    pub fn new(source: S) -> Result<Self, Unreadable> {
        let boot = clock::realtime().saturating_sub(clock::boottime());
        let mut reader = Self {
            source,
            next: 0,
            boot,
        };
        let [magic, format] = reader.words(0).map_err(Unreadable::Failed)?;
        if magic != MAGIC {
            return Err(Unreadable::NoRing);
        }
        if format != FORMAT {
            return Err(Unreadable::OtherVersion);
        }
        reader.next = reader.oldest().map_err(Unreadable::Failed)?;
        Ok(reader)
    }

    /// The next record from the oldest to the newest; `None` when there is
    /// none yet, and one may be there later.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would be over at None"
    )]
    pub fn next(&mut self) -> Result<Option<Found>, Errno> {
        // A ring that is replaced under us, or turns faster than we read.
        self.next = self.next.max(self.oldest()?);
        if self.next > self.given()? {
            return Ok(None);
        }
        let found = self.record(self.next)?;
        self.next += 1;
        Ok(Some(found))
    }

    /// The record of `ticket`: again, to see whether it has ended.
    pub fn record(&self, ticket: u64) -> Result<Found, Errno> {
        // Each round without a result means that a writer moved on meanwhile.
        for _ in 0..16 {
            let at = HEADER_WORDS + layout::slot_of(ticket) * SLOT_WORDS;
            let [before] = self.words(at)?;
            let words: [u64; SLOT_WORDS] = self.words(at)?;
            let [after] = self.words(at)?;
            if before != words[slot::STATE] || before != after {
                continue;
            }
            if slot::ticket_in(after) > ticket {
                return Ok(Found::Overwritten(ticket));
            }
            return Ok(stored::decode(&words, ticket, self.boot)
                .map_or(Found::Unwritten(ticket), Found::Record));
        }
        Ok(Found::Unwritten(ticket))
    }

    /// The counters, since the ring was made.
    pub fn totals(&self) -> Result<Totals, Errno> {
        self.words(0).map(|header| Totals { header })
    }

    /// How many tickets were given out.
    fn given(&self) -> Result<u64, Errno> {
        // More than a machine's life can count is damage.
        self.words(layout::GIVEN)
            .map(|[given]| given.min(u64::MAX >> 2))
    }

    fn oldest(&self) -> Result<u64, Errno> {
        Ok(self.given()?.saturating_sub(SLOTS as u64) + 1)
    }

    fn words<const N: usize>(&self, at: usize) -> Result<[u64; N], Errno> {
        let mut bytes = [[0; 8]; N];
        self.source
            .read_at(at as u64 * 8, bytes.as_flattened_mut())?;
        Ok(bytes.map(u64::from_le_bytes))
    }
}

/// The counters of a ring.
#[derive(Clone, Debug)]
pub struct Totals {
    header: [u64; HEADER_WORDS],
}

impl Totals {
    /// Calls of `caller` (`None`: those that no caller makes) so decided.
    pub fn calls(&self, caller: Option<Caller>, decision: Decision) -> u64 {
        self.word(layout::count_of(caller, decision))
    }

    /// Calls decided for this reason.
    pub fn because(&self, reason: Reason) -> u64 {
        self.word(layout::count_of_reason(reason))
    }

    /// Lines that the rate limit kept out of the kernel's log.
    pub fn suppressed(&self) -> u64 {
        let words = Bucket::ALL.map(|bucket| bucket.words());
        words.iter().fold(0, |sum, [_, _, in_all]| {
            sum.saturating_add(self.word(*in_all))
        })
    }

    /// Records that were given up because newer ones overtook them each time.
    pub fn overtaken(&self) -> u64 {
        self.word(layout::OVERTAKEN)
    }

    /// Tickets given out: one a call, more where a writer was overtaken. The
    /// ring holds the last [`Totals::KEPT`].
    pub fn records(&self) -> u64 {
        self.word(layout::GIVEN)
    }

    /// How many records a ring holds.
    pub const KEPT: usize = SLOTS;

    fn word(&self, word: usize) -> u64 {
        self.header.get(word).copied().unwrap_or(0)
    }
}

/// Why a ring cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It cannot be opened or read: `NOENT` where no call has come yet.
    Failed(Errno),
    /// The file is something else.
    NoRing,
    /// Another version of `usermode-helper` made it; the next call to the one
    /// installed replaces it.
    OtherVersion,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(Errno::NOENT) => {
                f.write_str("/run/umh/ring: there is none: no call has come since boot")
            }
            Self::Failed(Errno::ACCESS) => f.write_str("/run/umh/ring: only root may read it"),
            Self::Failed(errno) => write!(f, "/run/umh/ring: {errno}"),
            Self::NoRing => f.write_str("/run/umh/ring: not a ring: remove it"),
            Self::OtherVersion => f.write_str(
                "/run/umh/ring: made by another version of usermode-helper: \
                 the next call to the installed one replaces it",
            ),
        }
    }
}

impl Source for OwnedFd {
    fn read_at(&self, mut offset: u64, mut into: &mut [u8]) -> Result<(), Errno> {
        while !into.is_empty() {
            let read = match rustix::io::pread(self, &mut *into, offset) {
                Ok(0) => return Err(Errno::NODATA),
                Err(Errno::INTR) => continue,
                result => result?,
            };
            into = into.get_mut(read..).unwrap_or_default();
            offset += read as u64;
        }
        Ok(())
    }
}

impl Source for &[u8] {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Errno> {
        let start = usize::try_from(offset).map_err(|_| Errno::NODATA)?;
        let bytes = self.get(start..).and_then(|bytes| bytes.get(..into.len()));
        into.copy_from_slice(bytes.ok_or(Errno::NODATA)?);
        Ok(())
    }
}
