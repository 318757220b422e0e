// SPDX-License-Identifier: MIT OR Apache-2.0

//! Firmware loads that a script of Linux's waits for and nobody ends.
//!
//! `fw_filesystem.sh` cancels a load once, as soon as it sees it, and then
//! waits for the four requests that are to share it. A request whose worker
//! comes later than that, on a busy machine, starts a load of its own, which
//! without a uevent has no limit (`fw_load_sysfs_fallback`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};
use std::{fs, sync::Arc, thread};

use anyhow::{Context as _, Result, anyhow};

/// Where each load of the test's module has a folder.
pub(super) const DEVICE: &str = "/sys/devices/virtual/misc/test_firmware";

/// More than any script lets a load wait.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Cancels loads that have waited for too long, while it is there.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Watch {
    /// Begins.
    pub(super) fn start(limit: Duration) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let (mut since, mut cancelled) = (HashMap::new(), 0);
            while !end.load(Ordering::Relaxed) {
                cancelled += look(&mut since, limit);
                sleep(Duration::from_millis(200));
            }
            cancelled
        });
        Self { over, thread }
    }

    /// Ends, and tells how many it cancelled.
    pub(super) fn stop(self) -> Result<usize> {
        self.over.store(true, Ordering::Relaxed);
        let cancelled = self.thread.join();
        cancelled
            .map_err(|_| anyhow!("panicked"))
            .context("the watch over firmware loads")
    }
}

/// Looks at all loads once; how many were cancelled.
fn look(since: &mut HashMap<PathBuf, Instant>, limit: Duration) -> usize {
    let entries = fs::read_dir(DEVICE).into_iter().flatten().flatten();
    let loads = entries.map(|entry| entry.path().join("loading"));
    let loads: Vec<PathBuf> = loads.filter(|path| path.exists()).collect();
    since.retain(|path, _| loads.contains(path));
    let now = Instant::now();
    let forgotten = loads.into_iter().filter(|path| {
        let begin = *since.entry(path.clone()).or_insert(now);
        now.duration_since(begin) > limit
    });
    // Where it has ended meanwhile there is nothing to write to.
    forgotten
        .filter(|path| fs::write(path, "-1").is_ok())
        .count()
}
