// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the module tools may cost: most of it in times of what kmod 34.2
//! costs in the same run.

use super::Row;
use super::cost::Cost;
use super::depmod::{CHANGED, GZIP, KMOD, OURS, RAW, RAW_ONE, XZ, ZSTD};
use super::lookups::{ACPI, MISS, NAME, PCI, TREE, USB};

/// One aim.
pub(super) struct Aim {
    pub(super) what: String,
    /// The most that it may be.
    pub(super) limit: String,
    /// What it is.
    pub(super) found: String,
    pub(super) reached: bool,
}

/// The aims of what was measured.
pub(super) fn of(rows: &[Row]) -> Vec<Aim> {
    let cost = |task: &str, program: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row.task == task && row.program == program);
        row.map(|row| row.cost)
    };
    let times = |task, what, part: fn(Cost) -> u64, limit: f64| {
        let found = part(cost(task, OURS)?) as f64 / part(cost(task, KMOD)?) as f64;
        Some(Aim {
            what: format!("{task}: {what}"),
            limit: format!("{limit:.1}"),
            found: format!("{found:.2}"),
            reached: found <= limit,
        })
    };
    let most = |task, what, unit, part: fn(Cost) -> u64, limit: u64| {
        let found = part(cost(task, OURS)?);
        Some(Aim {
            what: format!("{task}: {what}"),
            limit: format!("{limit} {unit}"),
            found: format!("{found} {unit}"),
            reached: found <= limit,
        })
    };
    let lookup = |task| most(task, "CPU", "us", |cost: Cost| cost.cpu, 300);
    let cpu = |cost: Cost| cost.cpu;
    let wall = |cost: Cost| cost.wall;
    let milliseconds = |cost: Cost| cost.cpu / 1000;
    let mebibytes = |cost: Cost| cost.peak >> 10;
    let aims = [
        most(RAW, "CPU", "ms", milliseconds, 200),
        times(RAW, "CPU in times of kmod's", cpu, 0.2),
        times(RAW, "wall in times of kmod's", wall, 0.3),
        times(RAW_ONE, "wall in times of kmod's", wall, 0.5),
        most(RAW, "memory", "MiB", mebibytes, 30),
        times(ZSTD, "CPU in times of kmod's", cpu, 1.0),
        times(ZSTD, "wall in times of kmod's", wall, 0.6),
        times(XZ, "CPU in times of kmod's", cpu, 1.5),
        times(XZ, "wall in times of kmod's", wall, 0.8),
        // 30 and the largest module, unpacked, for each of two threads.
        most(XZ, "memory", "MiB", mebibytes, 30 + 2 * LARGEST),
        most(ZSTD, "memory", "MiB", mebibytes, 30 + 2 * LARGEST),
        most(GZIP, "memory", "MiB", mebibytes, 30 + 2 * LARGEST),
        most(CHANGED, "CPU", "ms", milliseconds, 150),
        lookup(NAME),
        lookup(PCI),
        lookup(USB),
        lookup(ACPI),
        lookup(TREE),
        lookup(MISS),
    ];
    aims.into_iter().flatten().collect()
}

/// MiB of Debian's largest module, amdgpu.
const LARGEST: u64 = 26;
