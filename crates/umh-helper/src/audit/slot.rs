// SPDX-License-Identifier: MIT OR Apache-2.0

//! One record as the words of a slot.
//!
//! | word | what | written |
//! | --- | --- | --- |
//! | 0 | state: ticket and phase | at each step |
//! | 1, 2, 3 | sum, kind and value of the end, nanoseconds it took | at the end |
//! | 4 | sum of the ticket and of all that follows | at the beginning |
//! | 5 | when the process began, nanoseconds since boot | |
//! | 6 | pid, caller, decision, reason | |
//! | 7 | kept bytes of rule, detail, target, argv | |
//! | 8 | bytes that argv, detail and target had | |
//! | 9.. | those texts, one after another | |

use rustix::io::Errno;

use super::layout::{self, SLOT_WORDS};
use super::{End, Entry};

pub(super) const STATE: usize = 0;
pub(super) const END_SUM: usize = 1;
pub(super) const END: usize = 2;
pub(super) const DURATION: usize = 3;
pub(super) const SUM: usize = 4;
pub(super) const BEGAN: usize = 5;
pub(super) const WHO: usize = 6;
pub(super) const KEPT: usize = 7;
pub(super) const HAD: usize = 8;
pub(super) const TEXT: usize = 9;

const TEXT_BYTES: usize = (SLOT_WORDS - TEXT) * 8;
const RULE_MOST: usize = 64;
const DETAIL_MOST: usize = 128;
const TARGET_MOST: usize = 256;

/// How far a slot's writer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The record is being written, or its writer died doing so.
    Writing = 1,
    /// The record is whole; the call goes on, or its helper died.
    Open = 2,
    /// The end is written, too.
    Closed = 3,
}

/// The state word of a slot that holds `ticket`.
pub(super) const fn state(ticket: u64, phase: Phase) -> u64 {
    (ticket << 2) | phase as u64
}

/// The ticket in a state word.
pub(super) const fn ticket_in(state: u64) -> u64 {
    state >> 2
}

/// What of a record is known at its beginning, ready to be stored.
pub(super) struct Image {
    /// The words up to [`TEXT`]; those before [`BEGAN`] stay unused.
    head: [u64; TEXT],
    /// What follows, as bytes: stored from where it is put together, on few
    /// bytes of the stack.
    text: [u8; TEXT_BYTES],
    used: usize,
}

impl Image {
    pub(super) fn new(entry: &Entry<'_>, pid: u32, began: u64) -> Self {
        let mut text = [0; TEXT_BYTES];
        let mut free = &mut text[..];
        let rule = put(&mut free, entry.rule.as_bytes(), RULE_MOST);
        let detail = put(&mut free, entry.detail, DETAIL_MOST);
        let target = put(&mut free, entry.target, TARGET_MOST);
        let argv = put(&mut free, entry.argv.block(), TEXT_BYTES);
        let used = TEXT_BYTES - free.len();

        let mut head = [0; TEXT];
        head[BEGAN] = began;
        let who = [
            layout::caller_code(entry.caller),
            entry.decision as u8,
            entry.reason as u8,
            0,
        ];
        head[WHO] = pair(pid, u32::from_le_bytes(who));
        head[KEPT] = quad([rule, detail, target, argv]);
        let argv_had = u32::try_from(entry.argv.block().len()).unwrap_or(u32::MAX);
        let had = [length(entry.detail), length(entry.target)];
        head[HAD] = pair(argv_had, u32::from(had[0]) | u32::from(had[1]) << 16);
        Self { head, text, used }
    }

    /// The sum to store with `ticket`.
    pub(super) fn sum(&self, ticket: u64) -> u64 {
        layout::sum(core::iter::once(ticket).chain(self.body().map(|(_, word)| word)))
    }

    /// The words to store, with their places.
    pub(super) fn body(&self) -> impl Iterator<Item = (usize, u64)> {
        let head = self.head.iter().copied().enumerate().skip(BEGAN);
        let (text, _) = self.text.as_chunks();
        let text = text.iter().take(self.used.div_ceil(8));
        let text = text.map(|bytes| u64::from_le_bytes(*bytes));
        head.chain((TEXT..).zip(text))
    }
}

/// The end as the words [`END`] and [`DURATION`] with their sum.
pub(super) fn end_words(ticket: u64, end: End, duration: u64) -> [u64; 3] {
    let (kind, value) = match end {
        End::Answered(status) => (1, status),
        End::Exited(status) => (2, status),
        End::Killed(signal) => (3, signal),
        End::HandedOver => (4, 0),
        End::TimedOut => (5, 0),
        End::Failed(errno) => (6, errno.raw_os_error()),
    };
    let end = pair(kind, value.cast_unsigned());
    [end, duration, layout::sum([ticket, end, duration])]
}

/// The end that word [`END`] stands for.
pub(super) fn end_of(word: u64) -> Option<End> {
    let (kind, value) = unpair(word);
    let value = value.cast_signed();
    Some(match kind {
        1 => End::Answered(value),
        2 => End::Exited(value),
        3 => End::Killed(value),
        4 => End::HandedOver,
        5 => End::TimedOut,
        // The range that an errno has (include/linux/err.h).
        6 if (1..=4095).contains(&value) => End::Failed(Errno::from_raw_os_error(value)),
        _ => return None,
    })
}

pub(super) fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

pub(super) fn unpair(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}

fn quad(parts: [u16; 4]) -> u64 {
    parts
        .iter()
        .rev()
        .fold(0, |word, part| word << 16 | u64::from(*part))
}

pub(super) fn unquad(word: u64) -> [u16; 4] {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    [[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes)
}

/// Moves as much of `bytes` as fits into the front of `free`; gives how much.
fn put(free: &mut &mut [u8], bytes: &[u8], most: usize) -> u16 {
    let kept = bytes.len().min(most).min(free.len());
    let (to, rest) = core::mem::take(free).split_at_mut(kept);
    to.copy_from_slice(bytes.get(..kept).unwrap_or_default());
    *free = rest;
    u16::try_from(kept).unwrap_or(u16::MAX)
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}
