// SPDX-License-Identifier: MIT OR Apache-2.0

//! The end of helpers that nobody waits for.
//!
//! Linux has kthreadd for this, which ignores SIGCHLD. A process cannot
//! without changing what its other children see, so one thread of ours waits
//! for those that end, and for nobody else's children.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use std::thread;

use rustix::event::epoll;
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::wake::lock;

/// Waits for the end of a process, elsewhere. If that cannot be (no more
/// descriptors or threads), the process stays a zombie until we end.
pub(crate) fn reap(process: OwnedFd) {
    static REAPER: OnceLock<Option<Reaper>> = OnceLock::new();
    if let Some(reaper) = REAPER.get_or_init(Reaper::start) {
        reaper.add(process);
    }
}

struct Reaper {
    epoll: OwnedFd,
    processes: Mutex<Processes>,
}

#[derive(Default)]
struct Processes {
    by_key: HashMap<u64, OwnedFd>,
    next: u64,
}

impl Reaper {
    /// Made once; its thread lives as long as we do.
    fn start() -> Option<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).ok()?;
        Some(Self {
            epoll,
            processes: Mutex::default(),
        })
    }

    fn add(&'static self, process: OwnedFd) {
        static THREAD: OnceLock<bool> = OnceLock::new();
        let runs = *THREAD.get_or_init(|| {
            let thread = thread::Builder::new().name("umh-reaper".into());
            thread.spawn(|| self.run()).is_ok()
        });
        let mut processes = lock(&self.processes);
        let key = processes.next;
        let readable = epoll::EventFlags::IN;
        let data = epoll::EventData::new_u64(key);
        if runs && epoll::add(&self.epoll, &process, data, readable).is_ok() {
            processes.next += 1;
            processes.by_key.insert(key, process);
        }
    }

    fn run(&self) {
        let mut events = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }; 16];
        loop {
            let ended = epoll::wait(&self.epoll, &mut events, None).unwrap_or(0);
            for event in events.iter().take(ended) {
                let process = lock(&self.processes).by_key.remove(&event.data.u64());
                if let Some(process) = process {
                    // It has ended. An error is that somebody else has waited
                    // for it, or that SIGCHLD is ignored.
                    let _ = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED);
                }
            }
        }
    }
}
