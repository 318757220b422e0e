// SPDX-License-Identifier: MIT OR Apache-2.0

//! One record, read back from the words of a slot.

use core::ops::Range;

use umh_abi::Caller;

use super::End;
use super::layout::{self, SLOT_WORDS};
use super::slot::{self, Phase};
use crate::verdict::{Decision, Reason};

/// A whole record of the ring.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Counts the calls since the ring was made, from 1.
    pub ticket: u64,
    /// The process that answered the call.
    pub pid: u32,
    /// When it began to, nanoseconds since boot (`CLOCK_BOOTTIME`).
    pub began: u64,
    /// The same in nanoseconds since 1970, by the machine's clock as it goes
    /// *now*: a clock that was set during boot was wrong for the records before.
    pub began_realtime: u64,
    /// Who called; `None` if no caller makes such a call.
    pub caller: Option<Caller>,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// How it ended; `None` while the call goes on, and for ever if its helper died.
    pub end: Option<Ended>,
    /// How many bytes the argument list had; the record keeps the first 500
    /// or more.
    pub argv_length: usize,
    /// How many bytes the detail had.
    pub detail_length: usize,
    /// How many bytes the target's path had.
    pub target_length: usize,
    texts: [u8; SLOT_WORDS * 8],
    rule: Range<usize>,
    detail: Range<usize>,
    target: Range<usize>,
    argv: Range<usize>,
}

/// How a call ended and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub end: End,
    /// Nanoseconds from the process's beginning to its end, or to the hand-over.
    pub duration: u64,
}

impl Stored {
    /// The name of the rule that decided; empty if none did.
    pub fn rule(&self) -> &[u8] {
        self.text(&self.rule)
    }

    /// What exactly the reason is about.
    pub fn detail(&self) -> &[u8] {
        self.text(&self.detail)
    }

    /// The program that ran for the call; empty if none did.
    pub fn target(&self) -> &[u8] {
        self.text(&self.target)
    }

    /// The argument list as it arrived; the last word may be cut.
    pub fn argv(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let block = self.text(&self.argv);
        let block = block.strip_suffix(b"\0").unwrap_or(block);
        let words = (!self.argv.is_empty()).then(|| block.split(|byte| *byte == 0));
        words.into_iter().flatten()
    }

    /// Whether the argument list is there only in part.
    pub fn argv_is_cut(&self) -> bool {
        self.argv_length > self.argv.len()
    }

    fn text(&self, range: &Range<usize>) -> &[u8] {
        self.texts.get(range.clone()).unwrap_or_default()
    }
}

/// The record in `words`, if they hold a whole one of `ticket`. `boot` is when
/// the machine booted, in nanoseconds since 1970.
pub(super) fn decode(words: &[u64; SLOT_WORDS], ticket: u64, boot: u64) -> Option<Stored> {
    let state = words[slot::STATE];
    let closed = state == slot::state(ticket, Phase::Closed);
    if !closed && state != slot::state(ticket, Phase::Open) {
        return None;
    }

    let kept = slot::unquad(words[slot::KEPT]).map(usize::from);
    let text_bytes: usize = kept.iter().sum();
    let used = slot::TEXT + text_bytes.div_ceil(8);
    let body = words.get(slot::BEGAN..used)?;
    if words[slot::SUM] != layout::sum(core::iter::once(&ticket).chain(body).copied()) {
        return None;
    }

    let mut texts = [[0; 8]; SLOT_WORDS];
    for (bytes, word) in texts.iter_mut().zip(words.iter().skip(slot::TEXT)) {
        *bytes = word.to_le_bytes();
    }
    let mut from = 0;
    let [rule, detail, target, argv] = kept.map(|length| {
        let range = from..from + length;
        from = range.end;
        range
    });

    let (pid, who) = slot::unpair(words[slot::WHO]);
    let [caller, decision, reason, _] = who.to_le_bytes();
    let (argv_length, others) = slot::unpair(words[slot::HAD]);
    let [d0, d1, t0, t1] = others.to_le_bytes();
    Some(Stored {
        ticket,
        pid,
        began: words[slot::BEGAN],
        began_realtime: boot.saturating_add(words[slot::BEGAN]),
        caller: layout::caller_of(caller),
        decision: Decision::ALL.get(usize::from(decision)).copied()?,
        reason: Reason::ALL.get(usize::from(reason)).copied()?,
        end: closed.then(|| ended(words, ticket)).flatten(),
        argv_length: usize::try_from(argv_length).ok()?,
        detail_length: usize::from(u16::from_le_bytes([d0, d1])),
        target_length: usize::from(u16::from_le_bytes([t0, t1])),
        texts: *texts.as_flattened().first_chunk()?,
        rule,
        detail,
        target,
        argv,
    })
}

fn ended(words: &[u64; SLOT_WORDS], ticket: u64) -> Option<Ended> {
    let (word, duration) = (words[slot::END], words[slot::DURATION]);
    let whole = words[slot::END_SUM] == layout::sum([ticket, word, duration]);
    let end = slot::end_of(word).filter(|_| whole)?;
    Some(Ended { end, duration })
}
