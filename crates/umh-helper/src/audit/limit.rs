// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rate of lines in the kernel's log, for all helper processes together.
//!
//! `/dev/kmsg` has a limit of its own (`printk_devkmsg`, kernel/printk/printk.c),
//! but one per open file: every helper process would start with a fresh one.
//! Ours is a token bucket in one shared word: [`BURST`] lines at once, then one
//! each [`INTERVAL`]. The word holds not tokens but the time at which the bucket
//! is full again (the virtual schedule of ITU-T I.371, annex A), so that taking a
//! token is one compare-and-swap and a writer killed at any instruction leaves it valid.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;

/// Lines that a full bucket lets through.
pub(super) const BURST: u64 = 10;

/// Nanoseconds after which one more line may pass.
pub(super) const INTERVAL: u64 = 10_000_000_000;

/// Takes a token at the time `now` (nanoseconds since boot), if there is one.
pub(super) fn take(full_at: &AtomicU64, now: u64) -> bool {
    full_at
        .fetch_update(Relaxed, Relaxed, |full_at| after_taking(full_at, now))
        .is_ok()
}

/// When the bucket is full again after a token is taken at `now`; `None` if
/// it is empty.
const fn after_taking(full_at: u64, now: u64) -> Option<u64> {
    // Full; or a time that no taking has led to, from another boot's clock or
    // by damage, which must not silence the log. What others have taken since
    // this process read the clock is no damage: hence twice the whole bucket.
    if full_at <= now || full_at - now > 2 * BURST * INTERVAL {
        return Some(now.saturating_add(INTERVAL));
    }
    if full_at - now > (BURST - 1) * INTERVAL {
        return None;
    }
    Some(full_at.saturating_add(INTERVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(full_at: &AtomicU64, tries: usize, now: u64) -> usize {
        (0..tries).filter(|_| take(full_at, now)).count()
    }

    #[test]
    fn ten_lines_pass_at_once_and_then_one_each_ten_seconds() {
        let full_at = AtomicU64::new(0);
        let start = 5_000_000_000;
        assert_eq!(passed(&full_at, 1000, start), 10);
        assert_eq!(passed(&full_at, 1000, start + INTERVAL - 1), 0);
        assert_eq!(passed(&full_at, 1000, start + INTERVAL), 1);
        assert_eq!(passed(&full_at, 1000, start + 4 * INTERVAL), 3);
    }

    #[test]
    fn a_long_silence_fills_the_bucket_but_not_more() {
        let full_at = AtomicU64::new(0);
        assert_eq!(passed(&full_at, 1000, INTERVAL), 10);
        assert_eq!(passed(&full_at, 1000, 1000 * INTERVAL), 10);
    }

    #[test]
    fn a_process_that_slept_since_it_read_the_clock_opens_no_new_bucket() {
        let full_at = AtomicU64::new(0);
        let asleep = 5_000_000_000;
        assert_eq!(passed(&full_at, 1000, asleep + INTERVAL), 10);
        assert_eq!(passed(&full_at, 1000, asleep), 0);
    }

    #[test]
    fn a_damaged_word_does_not_silence_the_log() {
        for damage in [u64::MAX, 1_000_000 * INTERVAL] {
            assert_eq!(passed(&AtomicU64::new(damage), 1000, INTERVAL), 10);
        }
    }
}
