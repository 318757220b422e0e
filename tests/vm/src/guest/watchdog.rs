// SPDX-License-Identifier: MIT OR Apache-2.0

//! Ends a machine in which a case hangs, and says what it hung on.

use std::fmt::Write as _;
use std::fs::DirEntry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::system::RebootCommand;

use super::channel::Channel;
use crate::protocol::Line;

/// Longer than any case takes: those that wait give up by themselves before.
const LIMIT: Duration = Duration::from_secs(100);

/// Knows which case runs since when.
#[derive(Clone)]
pub struct Watchdog {
    running: Arc<Mutex<Option<(&'static str, Instant)>>>,
}

impl Watchdog {
    /// Starts to watch.
    pub fn start(channel: Arc<Channel>) -> Self {
        let watchdog = Self {
            running: Arc::default(),
        };
        let watching = watchdog.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let running = *watching
                    .running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if let Some((name, since)) = running
                    && since.elapsed() > LIMIT
                {
                    bite(name, &channel);
                }
            }
        });
        watchdog
    }

    /// This case has begun, or none runs.
    pub fn running(&self, name: Option<&'static str>) {
        let now = name.map(|name| (name, Instant::now()));
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// The suite has no `end` then, so it has failed as a whole.
fn bite(name: &str, channel: &Channel) {
    let failed = Line::Fail(name.to_owned(), format!("hangs: {}", processes()));
    let _sent = channel.send(&failed);
    rustix::fs::sync();
    let _refused = rustix::system::reboot(RebootCommand::PowerOff);
}

/// What each process of user space does.
fn processes() -> String {
    let mut text = String::new();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return text;
    };
    let is_process = |entry: &DirEntry| entry.file_name().to_string_lossy().parse::<u32>().is_ok();
    for entry in entries.flatten().filter(is_process) {
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let command = read("cmdline");
        if !command.is_empty() {
            let line = [
                &read("comm")[..],
                b" ",
                &command,
                b" syscall ",
                &read("syscall"),
                b" stack ",
                &read("stack"),
            ];
            // Writing to a String does not fail.
            let _written = write!(text, "[{}] ", line.concat().escape_ascii());
        }
    }
    text
}
