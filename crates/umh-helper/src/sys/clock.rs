// SPDX-License-Identifier: MIT OR Apache-2.0

//! The clocks, by system call: no vDSO, so that nothing is looked up.

use super::raw::{number, syscall};

/// Nanoseconds since boot, suspend included (`CLOCK_BOOTTIME`).
pub fn boottime() -> u64 {
    const CLOCK_BOOTTIME: usize = 7;
    now(CLOCK_BOOTTIME)
}

/// Nanoseconds since 1970 (`CLOCK_REALTIME`).
pub fn realtime() -> u64 {
    const CLOCK_REALTIME: usize = 0;
    now(CLOCK_REALTIME)
}

fn now(clock: usize) -> u64 {
    let mut time = [0u64; 2];
    // SAFETY: `struct timespec` is two 64-bit words, and `time` lends them.
    // The call cannot fail for a clock that exists in every kernel.
    let _ = unsafe {
        syscall(
            number::CLOCK_GETTIME,
            [clock, time.as_mut_ptr().expose_provenance(), 0, 0, 0, 0],
        )
    };
    let [seconds, nanoseconds] = time;
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_forward() {
        let (begin, today) = (boottime(), realtime());
        assert!(begin > 0 && boottime() >= begin);
        // 2020: no machine that builds this is older.
        assert!(today > 1_577_836_800_000_000_000);
    }
}
