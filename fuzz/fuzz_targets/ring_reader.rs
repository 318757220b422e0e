// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary ring files: a reader gives records or errors, and every record
//! keeps inside its slot.
//!
//! Input: how many tickets were given out (2 bytes), then the first slots. The
//! sum of each is set right, or no input would pass it.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_helper::audit::reader::{Found, Reader, Totals, signature};

const HEADER: usize = 4096;
const SLOT: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let [low, high, slots @ ..] = input else {
        return;
    };
    let mut ring = signature().to_vec();
    ring.resize(HEADER, 0);
    ring[64..66].copy_from_slice(&[*low, *high]);
    ring.extend(slots);
    ring.resize(HEADER + slots.len().next_multiple_of(SLOT), 0);
    ring.chunks_exact_mut(SLOT)
        .skip(HEADER / SLOT)
        .for_each(set_sum);

    let mut reader = Reader::new(&ring[..]).expect("the signature is right");
    for _ in 0..Totals::KEPT + 1 {
        match reader.next() {
            Ok(Some(Found::Record(record))) => {
                let argv: usize = record.argv().map(|word| word.len() + 1).sum();
                let texts = record.rule().len() + record.detail().len() + record.target().len();
                assert!(texts + argv <= SLOT);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
});

/// As `audit/slot.rs` has it: word 4 is the sum of the ticket (from word 0)
/// and of words 5 to the end of the texts, whose lengths are in word 7.
fn set_sum(slot: &mut [u8]) {
    let word = |at: usize| u64::from_le_bytes(slot[at * 8..at * 8 + 8].try_into().expect("8"));
    let texts: u64 = (0..4).map(|part| word(7) >> (16 * part) & 0xffff).sum();
    let used = 9 + usize::try_from(texts.div_ceil(8)).expect("small");
    let words = std::iter::once(word(0) >> 2).chain((5..used.min(SLOT / 8)).map(word));
    let sum = words.fold(0xcbf2_9ce4_8422_2325_u64, |sum, word| {
        (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3)
    });
    slot[32..40].copy_from_slice(&sum.to_le_bytes());
}
