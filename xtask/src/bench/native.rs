// SPDX-License-Identifier: MIT OR Apache-2.0

//! How long a guest's instructions take on this very processor.
//!
//! The kernel of the host is not asked to call anything. But starting the
//! empty program is the same work on both sides: an address space, an exec,
//! faults and an exit. Its time here over its instructions there is the rate
//! by which other figures of this kind are estimated.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

/// The starts that are timed.
const ROUNDS: usize = 1000;

/// Nanoseconds in which this machine starts `program` and sees it end, in its
/// quiet moments: nine of ten starts take longer.
pub(crate) fn start(program: &Path) -> Result<u64> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let mut command = Command::new(program);
        let begin = Instant::now();
        let status = command.status();
        times.push(u64::try_from(begin.elapsed().as_nanos())?);
        status.with_context(|| format!("cannot run {}", program.display()))?;
    }
    times.sort_unstable();
    times.get(ROUNDS / 10).copied().context("no times")
}
