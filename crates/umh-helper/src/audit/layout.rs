// SPDX-License-Identifier: MIT OR Apache-2.0

//! The form of the ring file: a header of one page, then slots of 1 KiB.
//! Everything is 64-bit words in the machine's order (little endian).
//!
//! | header word | what |
//! | --- | --- |
//! | 0, 1 | [`MAGIC`], [`FORMAT`] |
//! | 8 | how many tickets were given out, counted from 1: one a call, more where a writer was overtaken |
//! | 9 | records that were given up because all their tickets were overtaken |
//! | 10 | [`PLAIN_BOOT`] once the kernel's command line was seen to ask for nothing |
//! | 16.. | three buckets of the rate limit, each 8 words: full at, suppressed since the last line, suppressed in all |
//! | 40.. | calls by reason |
//! | 56.. | the fourth bucket |
//! | 64.. | calls by caller and decision, [`DECISIONS`] words a caller; row 0 is "no such call" |
//!
//! The call with ticket `t` has slot `t % SLOTS`; `slot.rs` has its words.
//!
//! 1 MiB in all: two to ten boots' worth of calls, at most 1.6 % of the
//! memory of a 64 MiB machine, and only the pages that a process touches
//! (the header and one slot) count as its own. 1 KiB a slot: the longest
//! argument lists that callers make without a stranger's help (core, with a
//! 64-byte host name) take 300 bytes; 500 always fit beside full other fields.

use umh_abi::Caller;

use crate::verdict::{Decision, Reason};

/// The first eight bytes of a ring.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"umh-ring");

/// What word [`BOOT`] says, and no other value does.
pub(super) const PLAIN_BOOT: u64 = u64::from_le_bytes(*b"no words");

/// What the words mean: changes with this layout and with every list whose
/// indexes are stored. A ring of another format is replaced by the helper.
pub(super) const FORMAT: u64 = format();

pub(super) const HEADER_WORDS: usize = 512;
pub(super) const SLOT_WORDS: usize = 128;
pub(super) const SLOTS: usize = 1020;

/// The exact size of the file: 1 MiB.
pub(super) const BYTES: usize = (HEADER_WORDS + SLOTS * SLOT_WORDS) * 8;

pub(super) const GIVEN: usize = 8;
pub(super) const OVERTAKEN: usize = 9;
pub(super) const BOOT: usize = 10;
pub(super) const REASONS: usize = 40;
pub(super) const COUNTS: usize = 64;
pub(super) const DECISIONS: usize = 4;

/// A kind of line with a rate limit of its own, so that a stranger who causes
/// one kind without end hides none of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    /// Refused calls that tell of an attack or a fault.
    Denials,
    /// Refused calls that any user can cause at will ([`Bucket::of_denial`]),
    /// and allowed ones that came to nothing.
    Everyday,
    /// What is wrong with the policy or the installation.
    Complaints,
    /// Allowed calls, with `log = "all"`.
    Allowed,
}

impl Bucket {
    pub(super) const ALL: [Self; 4] = [
        Self::Denials,
        Self::Everyday,
        Self::Complaints,
        Self::Allowed,
    ];

    /// The bucket of calls that were refused for `reason`, or let through in
    /// spite of it. A user who asks for filtered modules, or for anything
    /// whose program is not installed, reaches [`Bucket::Everyday`] only.
    pub(super) const fn of_denial(reason: Reason) -> Self {
        match reason {
            Reason::Module | Reason::Args | Reason::Missing => Self::Everyday,
            Reason::Rule
            | Reason::Path
            | Reason::Caller
            | Reason::Disabled
            | Reason::Trust
            | Reason::Script
            | Reason::Name => Self::Denials,
        }
    }

    /// The words: full at, suppressed since the last line, suppressed in all.
    pub(super) const fn words(self) -> [usize; 3] {
        match self {
            Self::Denials => [16, 17, 18],
            Self::Complaints => [24, 25, 26],
            Self::Allowed => [32, 33, 34],
            Self::Everyday => [56, 57, 58],
        }
    }
}

/// The slot of the call with `ticket`.
pub(super) fn slot_of(ticket: u64) -> usize {
    usize::try_from(ticket % SLOTS as u64).unwrap_or(0)
}

/// The word that counts the calls of `caller` so decided.
pub(super) fn count_of(caller: Option<Caller>, decision: Decision) -> usize {
    COUNTS + usize::from(caller_code(caller)) * DECISIONS + usize::from(decision as u8)
}

/// The word that counts the calls with `reason`.
pub(super) fn count_of_reason(reason: Reason) -> usize {
    REASONS + usize::from(reason as u8)
}

/// The number that stands for `caller`: 0 for none, else its place in
/// [`Caller::ALL`] counted from 1.
pub(super) fn caller_code(caller: Option<Caller>) -> u8 {
    let place = caller.and_then(|caller| Caller::ALL.iter().position(|one| *one == caller));
    place
        .and_then(|place| u8::try_from(place + 1).ok())
        .unwrap_or(0)
}

/// The caller that a stored number stands for.
pub(super) fn caller_of(code: u8) -> Option<Caller> {
    Caller::ALL.get(usize::from(code).checked_sub(1)?).copied()
}

// Every list fits its words.
const _: () = assert!(BYTES == 1 << 20);
const _: () = assert!(COUNTS + (Caller::ALL.len() + 1) * DECISIONS <= HEADER_WORDS);
const _: () = assert!(REASONS + Reason::ALL.len() <= COUNTS && Decision::ALL.len() <= DECISIONS);

const fn format() -> u64 {
    let mut sum = fold(SUM_START, b"layout 2");
    let mut callers = Caller::ALL;
    while let [caller, rest @ ..] = callers {
        sum = fold(sum, caller.name().as_bytes());
        callers = rest;
    }
    let mut decisions = Decision::ALL;
    while let [decision, rest @ ..] = decisions {
        sum = fold(sum, decision.name().as_bytes());
        decisions = rest;
    }
    let mut reasons = Reason::ALL;
    while let [reason, rest @ ..] = reasons {
        sum = fold(sum, reason.name().as_bytes());
        reasons = rest;
    }
    sum
}

const fn fold(mut sum: u64, mut bytes: &[u8]) -> u64 {
    while let [byte, rest @ ..] = bytes {
        // Not u64::from, which is not const.
        sum = add(sum, *byte as u64);
        bytes = rest;
    }
    // Ends each name.
    add(sum, 0x100)
}

/// The sum of `words`, which notices every change of a single word: FNV-1a
/// over words; each step is a bijection.
pub(super) fn sum(words: impl IntoIterator<Item = u64>) -> u64 {
    words.into_iter().fold(SUM_START, add)
}

const fn add(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3)
}

const SUM_START: u64 = 0xcbf2_9ce4_8422_2325;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_number_stands_for_what_was_stored() {
        assert_eq!(caller_of(caller_code(None)), None);
        for caller in Caller::ALL {
            assert_eq!(caller_of(caller_code(Some(*caller))), Some(*caller));
        }
        for (place, decision) in Decision::ALL.iter().enumerate() {
            assert_eq!(place, usize::from(*decision as u8));
        }
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(place, usize::from(*reason as u8));
        }
    }

    #[test]
    fn no_two_counters_share_a_word() {
        let mut words: Vec<usize> = vec![0, 1, GIVEN, OVERTAKEN, BOOT];
        words.extend(Bucket::ALL.iter().flat_map(|bucket| bucket.words()));
        words.extend(Reason::ALL.iter().map(|reason| count_of_reason(*reason)));
        for caller in Caller::ALL.iter().copied().map(Some).chain([None]) {
            words.extend(
                Decision::ALL
                    .iter()
                    .map(|decision| count_of(caller, *decision)),
            );
        }
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
        assert!(words.iter().all(|word| *word < HEADER_WORDS));
    }
}
