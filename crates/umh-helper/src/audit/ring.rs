// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ring as its writers see it: mapped, shared, without locks.
//!
//! A writer takes a ticket, claims the ticket's slot, stores the record and
//! publishes it; later it stores the end and publishes that. The state word
//! of the slot says whose turn it is, as in a sequence lock:
//!
//! | from | to | by |
//! | --- | --- | --- |
//! | any phase of an older ticket | Writing | the new ticket's writer |
//! | Writing | Open | the same, once all is stored |
//! | Open | Closed | the same, once the end is stored |
//!
//! Each arrow is a compare-and-swap from the exact old word. So a writer that
//! SIGKILL ends between any two instructions leaves a slot that readers
//! take for unwritten or unfinished, and that the next round reuses. A writer
//! that sleeps for a whole round of the ring finds its slot taken and takes a
//! new ticket; the words that it may have stored before it noticed are found by
//! the sum of the record they fell into, which is then not shown.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU64, fence};

use umh_abi::Caller;

use super::End;
use super::layout::{self, Bucket, FORMAT, HEADER_WORDS, MAGIC, SLOT_WORDS, SLOTS};
use super::limit;
use super::slot::{self, Image, Phase, state};
use crate::verdict::{Decision, Reason};

#[derive(Debug)]
pub(super) struct Ring {
    header: &'static [AtomicU64; HEADER_WORDS],
    slots: &'static [[AtomicU64; SLOT_WORDS]],
}

/// How often a writer that was overtaken takes a new ticket, before it gives
/// way: each time 1020 newer calls passed it.
const TRIES: usize = 4;

/// A claim on a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

impl Ring {
    /// Takes `words` as a ring; `None` if they are none, or one of another format.
    pub(super) fn new(words: &'static [AtomicU64]) -> Option<Self> {
        let (header, slots) = words.split_first_chunk()?;
        let (slots, rest) = slots.as_chunks();
        let ring = Self { header, slots };
        let whole = slots.len() == SLOTS && rest.is_empty();
        // A page that is first read brings 15 around it along, which a process
        // that ends soon pays for twice; one that is first written comes alone.
        let magic = ring.header[0].compare_exchange(MAGIC, MAGIC, Relaxed, Relaxed);
        let ours = magic.is_ok() && ring.header[1].load(Relaxed) == FORMAT;
        (whole && ours).then_some(ring)
    }

    /// Whether [`Self::remember_plain_boot`] was called since the machine
    /// booted, by any process.
    pub(super) fn is_plain_boot(&self) -> bool {
        self.header[layout::BOOT].load(Relaxed) == layout::PLAIN_BOOT
    }

    pub(super) fn remember_plain_boot(&self) {
        self.header[layout::BOOT].store(layout::PLAIN_BOOT, Relaxed);
    }

    /// Counts a call. Exact: nothing is lost but what SIGKILL ends before it.
    pub(super) fn count(&self, caller: Option<Caller>, decision: Decision, reason: Reason) {
        for word in [
            layout::count_of(caller, decision),
            layout::count_of_reason(reason),
        ] {
            self.add(word);
        }
    }

    /// Writes the beginning of a record; `None` if it was overtaken again and
    /// again, each time by a whole round of the ring.
    pub(super) fn begin(&self, image: &Image) -> Option<Ticket> {
        for _ in 0..TRIES {
            let ticket = self.header[layout::GIVEN].fetch_add(1, Relaxed);
            let ticket = ticket.wrapping_add(1);
            if write(self.slot(ticket)?, ticket, image) {
                return Some(Ticket(ticket));
            }
        }
        self.add(layout::OVERTAKEN);
        None
    }

    /// Writes the end of the record, if its slot still holds it.
    pub(super) fn close(&self, Ticket(ticket): Ticket, end: End, duration: u64) {
        let Some(slot) = self.slot(ticket) else {
            return;
        };
        let open = state(ticket, Phase::Open);
        if slot[slot::STATE].load(Relaxed) != open {
            return;
        }
        // Readers look at the end only once the state says Closed, or find by
        // its sum that it belongs to another ticket.
        let [end, duration, sum] = slot::end_words(ticket, end, duration);
        slot[slot::END].store(end, Relaxed);
        slot[slot::DURATION].store(duration, Relaxed);
        slot[slot::END_SUM].store(sum, Relaxed);
        let closed = state(ticket, Phase::Closed);
        // Fails when the slot was taken meanwhile: then the record is gone.
        let _ = slot[slot::STATE].compare_exchange(open, closed, Release, Relaxed);
    }

    /// Whether a line of this kind may be written at `now`; gives how many
    /// were not since the last one.
    pub(super) fn pass(&self, bucket: Bucket, now: u64) -> Option<u64> {
        let [full_at, since, in_all] = bucket.words();
        if limit::take(self.header.get(full_at)?, now) {
            return Some(self.header.get(since)?.swap(0, Relaxed));
        }
        self.add(since);
        self.add(in_all);
        None
    }

    fn add(&self, word: usize) {
        if let Some(word) = self.header.get(word) {
            word.fetch_add(1, Relaxed);
        }
    }

    fn slot(&self, ticket: u64) -> Option<&'static [AtomicU64; SLOT_WORDS]> {
        self.slots.get(layout::slot_of(ticket))
    }
}

fn write(slot: &[AtomicU64; SLOT_WORDS], ticket: u64, image: &Image) -> bool {
    let writing = state(ticket, Phase::Writing);
    // What a whole record of the former round left: mostly that is there, and
    // else the first exchange tells. Not read, as in `Ring::new`.
    let former = ticket.saturating_sub(SLOTS as u64);
    let mut seen = match former {
        0 => 0,
        former => state(former, Phase::Closed),
    };
    loop {
        if slot::ticket_in(seen) >= ticket {
            return false;
        }
        match slot[slot::STATE].compare_exchange_weak(seen, writing, AcqRel, Relaxed) {
            Ok(_) => break,
            Err(newer) => seen = newer,
        }
    }

    // A reader that sees one of the words below also sees Writing, when it
    // looks at the state again.
    fence(Release);
    slot[slot::SUM].store(image.sum(ticket), Relaxed);
    for (place, word) in image.body() {
        if let Some(room) = slot.get(place) {
            room.store(word, Relaxed);
        }
    }

    // A reader that sees Open sees all of them.
    let open = state(ticket, Phase::Open);
    slot[slot::STATE]
        .compare_exchange(writing, open, Release, Acquire)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use proptest::prelude::*;

    use rustix::io::Errno;

    use super::super::reader::{Found, Reader, Source, Stored};
    use super::super::tests::entry;
    use super::*;
    use crate::sys::map_shared;

    /// Shared memory with an empty ring in it.
    fn memory() -> &'static [AtomicU64] {
        let file = tempfile::tempfile().unwrap();
        file.set_len(layout::BYTES as u64).unwrap();
        let words = map_shared(file.as_fd(), layout::BYTES).unwrap();
        words[0].store(MAGIC, Relaxed);
        words[1].store(FORMAT, Relaxed);
        words
    }

    impl Source for &'static [AtomicU64] {
        fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Errno> {
            let start = usize::try_from(offset).unwrap() / 8;
            for (bytes, word) in into.chunks_mut(8).zip(&self[start..]) {
                bytes.copy_from_slice(&word.load(Relaxed).to_le_bytes());
            }
            Ok(())
        }
    }

    fn found(memory: &'static [AtomicU64], ticket: u64) -> Found {
        Reader::new(memory).unwrap().record(ticket).unwrap()
    }

    fn stored(memory: &'static [AtomicU64], ticket: u64) -> Option<Stored> {
        match found(memory, ticket) {
            Found::Record(stored) => Some(stored),
            Found::Unwritten(_) | Found::Overwritten(_) => None,
        }
    }

    fn image(name: &[u8]) -> Image {
        Image::new(&entry(name), 7, 1000)
    }

    #[test]
    fn a_record_is_read_as_it_was_written_before_and_after_its_end() {
        let memory = memory();
        let ring = Ring::new(memory).unwrap();
        let ticket = ring
            .begin(&image(b"/sbin/modprobe\0-q\0--\0net-pf-9\0"))
            .unwrap();
        let open = stored(memory, 1).unwrap();
        assert_eq!((open.pid, open.began, open.end), (7, 1000, None));
        assert_eq!(
            open.argv().collect::<Vec<_>>(),
            [&b"/sbin/modprobe"[..], b"-q", b"--", b"net-pf-9"]
        );
        assert_eq!(
            (open.rule(), open.detail(), open.target()),
            (&b"rule"[..], &b"detail"[..], &b"/target"[..])
        );
        ring.close(ticket, End::Killed(9), 55);
        let ended = stored(memory, 1).unwrap().end.unwrap();
        assert_eq!((ended.end, ended.duration), (End::Killed(9), 55));
    }

    #[test]
    fn a_writer_that_dies_between_any_two_stores_leaves_nothing_that_is_misread() {
        let whole = memory();
        let ring = Ring::new(whole).unwrap();
        let ticket = ring.begin(&image(b"new\0")).unwrap();
        ring.close(ticket, End::Exited(0), 5);
        let end = layout::HEADER_WORDS + SLOT_WORDS;

        // The slot held another record; the first `done` stores happened.
        let old = memory();
        let ring = Ring::new(old).unwrap();
        let _ = ring.begin(&image(b"a record of a former round\0"));
        let after = memory();
        for done in 0..SLOT_WORDS - 4 {
            let slot = &after[end..end + SLOT_WORDS];
            for place in 0..SLOT_WORDS {
                let from = if (4..4 + done).contains(&place) {
                    whole
                } else {
                    old
                };
                slot[place].store(from[end + place].load(Relaxed), Relaxed);
            }
            slot[0].store(state(1, Phase::Writing), Relaxed);
            assert!(stored(after, 1).is_none());
            // Even a state that came too early shows only what is whole.
            slot[0].store(state(1, Phase::Open), Relaxed);
            if let Some(stored) = stored(after, 1) {
                let name = stored.argv().next().unwrap();
                assert!(name == b"new" || name == b"a record of a former round");
            }
            // And the next round takes the slot.
            after[layout::GIVEN].store(SLOTS as u64, Relaxed);
            let ring = Ring::new(after).unwrap();
            assert!(ring.begin(&image(b"next\0")).is_some());
            let next = stored(after, SLOTS as u64 + 1).unwrap();
            assert_eq!(next.argv().next(), Some(&b"next"[..]));
        }
    }

    #[test]
    fn an_overtaken_writer_gives_up_and_is_counted() {
        let memory = memory();
        let ring = Ring::new(memory).unwrap();
        let early = ring.begin(&image(b"early\0")).unwrap();
        for _ in 0..SLOTS {
            assert!(ring.begin(&image(b"late\0")).is_some());
        }
        ring.close(early, End::Exited(0), 5);
        let late = SLOTS as u64 + 1;
        assert!(matches!(found(memory, 1), Found::Overwritten(1)));
        assert!(stored(memory, late).is_some_and(|late| late.end.is_none()));
        // Tickets taken a round ago, whose writers get to their slots only now.
        memory[layout::GIVEN].store(2, Relaxed);
        assert!(ring.begin(&image(b"sleeper\0")).is_none());
        assert_eq!(memory[layout::OVERTAKEN].load(Relaxed), 1);
        // One more try is enough where the slot is free.
        memory[layout::GIVEN].store(late - 1, Relaxed);
        assert_eq!(ring.begin(&image(b"sleeper\0")), Some(Ticket(late + 1)));
    }

    proptest! {
        #[test]
        fn a_record_with_any_word_changed_is_not_shown(place in 4usize..20, change in 1u64..) {
            let memory = memory();
            let ring = Ring::new(memory).unwrap();
            let _ = ring.begin(&image(b"/sbin/modprobe\0-q\0--\0netdev-eth0\0and-some-more\0"));
            let word = &memory[layout::HEADER_WORDS + SLOT_WORDS + place];
            let used = Image::body(&image(b"/sbin/modprobe\0-q\0--\0netdev-eth0\0and-some-more\0")).count() + 5;
            word.fetch_xor(change, Relaxed);
            prop_assert_eq!(stored(memory, 1).is_none(), place < used);
        }

        #[test]
        fn what_does_not_fit_is_cut_and_its_length_kept(length in 0usize..3000) {
            let memory = memory();
            let ring = Ring::new(memory).unwrap();
            let argv = [vec![b'x'; length], vec![0]].concat();
            prop_assert!(ring.begin(&image(&argv)).is_some());
            let stored = stored(memory, 1).unwrap();
            let kept = stored.argv().next().unwrap().len();
            prop_assert_eq!(stored.argv_length, length + 1);
            prop_assert!(kept == length || (stored.argv_is_cut() && kept >= 500));
        }
    }
}
