// SPDX-License-Identifier: MIT OR Apache-2.0

//! What watched the kernel through all other cases: that it still does, and
//! what it found. What is found at once is on the console, which the host reads.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::inside::debugfs;
use super::on;
use crate::cases::Case;
use crate::guest::{Machine, module};
use crate::plan::Kernel;

/// The last of the suite.
pub(super) const CASES: &[Case] = &[
    on(WATCHED, "lockdep_watches_to_the_end", lockdep),
    on(
        WATCHED,
        "nothing_leaks_but_what_is_leaked_on_purpose",
        leaks,
    ),
];

const WATCHED: &[Kernel] = &[Kernel::RustDebug612];

/// After its first finding it looks at nothing any more.
fn lockdep(_machine: &Machine) -> Result<()> {
    let text = fs::read_to_string("/proc/lockdep_stats").context("lockdep")?;
    let on = text.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("debug_locks:") && words.next() == Some("1")
    });
    ensure!(on, "{text}");
    Ok(())
}

/// kmemleak names who allocated what nobody points to any more.
fn leaks(_machine: &Machine) -> Result<()> {
    const FILE: &str = "/sys/kernel/debug/kmemleak";
    debugfs()?;
    module::leak()?;
    // Too young to be looked at before; and the first look only suspects.
    for _ in 0..3 {
        sleep(Duration::from_secs(6));
        fs::write(FILE, "scan").context("kmemleak")?;
    }
    let text = fs::read_to_string(FILE)?;
    let found = text.split("unreferenced object").skip(1);
    let (on_purpose, other): (Vec<_>, Vec<_>) =
        found.partition(|object| object.contains("umh_test_leak"));
    ensure!(other.is_empty(), "{text}");
    ensure!(!on_purpose.is_empty(), "kmemleak finds nothing");
    Ok(())
}
