// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a process cost, as the kernel says when it ends.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use super::super::figures::median;
use crate::run::Run;

/// The cost of one run, or the medians of many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Microseconds of all processors, in the program and in the kernel.
    pub(super) cpu: u64,
    /// Microseconds from start to end.
    pub(super) wall: u64,
    /// KiB that were in memory at most.
    pub(super) peak: u64,
    /// System calls, where they were counted.
    pub(super) calls: Option<u64>,
}

impl Cost {
    /// That of one run, which must succeed.
    pub(super) fn of(run: Run) -> Result<Self> {
        Self::of_end(run, true)
    }

    /// That of one run, which must fail.
    pub(super) fn of_failure(run: Run) -> Result<Self> {
        Self::of_end(run, false)
    }

    fn of_end(run: Run, succeeds: bool) -> Result<Self> {
        let mut command = run.into_command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let ended = child.wait4()?;
        let wall = begin.elapsed();
        let status = ended.status;
        // Of one that is told of four thousand modules the beginning will do.
        let shown = format!("{command:?}").chars().take(400).collect::<String>();
        ensure!(status.success() == succeeds, "{shown}: {status}");
        let used = ended.rusage.utime + ended.rusage.stime;
        Ok(Self {
            cpu: u64::try_from(used.as_micros())?,
            wall: u64::try_from(wall.as_micros())?,
            peak: ended.rusage.maxrss / 1024,
            calls: None,
        })
    }

    /// The medians of many runs.
    pub(super) fn median(costs: &[Self]) -> Self {
        let of = |part: fn(&Self) -> u64| median(costs.iter().map(part).collect());
        Self {
            cpu: of(|cost| cost.cpu),
            wall: of(|cost| cost.wall),
            peak: of(|cost| cost.peak),
            calls: None,
        }
    }
}
