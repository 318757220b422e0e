// SPDX-License-Identifier: MIT OR Apache-2.0

//! The end of helpers that nobody waits for.
//!
//! Linux has kthreadd for this, which ignores SIGCHLD. A process cannot
//! without changing what its other children see, so one thread of ours waits
//! for those that end, and for nobody else's children.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::event::epoll;
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitId, WaitIdOptions, getpid, waitid};

use crate::wake::lock;

/// Whatever lives as long as a process.
pub(crate) type Held = Box<dyn Send>;

/// Waits for the end of a process, elsewhere, and then frees what is `held`.
pub(crate) fn reap(process: OwnedFd, held: Option<Held>) {
    static REAPER: Mutex<Reaper> = Mutex::new(Reaper::new());
    lock(&REAPER).take(Child { process, held }, Watch::start);
}

struct Child {
    process: OwnedFd,
    #[expect(dead_code, reason = "held to be dropped")]
    held: Option<Held>,
}

/// The thread, once there is one, and those that it was not told of.
struct Reaper {
    watch: Option<Arc<Watch>>,
    /// For want of descriptors or threads; tried again with the next one.
    late: Vec<Child>,
}

impl Reaper {
    const fn new() -> Self {
        Self {
            watch: None,
            late: Vec::new(),
        }
    }

    fn take(&mut self, child: Child, start: impl FnOnce() -> io::Result<Arc<Watch>>) {
        if let Some(watch) = self.watch.take() {
            if watch.maker != getpid() {
                // After fork(2) thread and children are the other process's.
                self.late.clear();
            } else if watch.is_over.load(Ordering::Acquire) {
                let mut left = lock(&watch.children);
                self.late
                    .extend(left.by_key.drain().map(|(_, child)| child));
            } else {
                self.watch = Some(watch);
            }
        }
        self.late.push(child);
        if self.watch.is_none() {
            self.watch = start().ok();
        }
        if let Some(watch) = &self.watch {
            let late = std::mem::take(&mut self.late).into_iter();
            self.late = late.filter_map(|child| watch.add(child).err()).collect();
        }
    }
}

/// What the thread looks at.
struct Watch {
    epoll: OwnedFd,
    maker: Pid,
    /// Whether the thread has ended: somebody closed its descriptor, as those
    /// do who close all that they do not know.
    is_over: AtomicBool,
    children: Mutex<Children>,
}

#[derive(Default)]
struct Children {
    by_key: HashMap<u64, Child>,
    next: u64,
}

impl Watch {
    /// With a thread that lives as long as we do.
    fn start() -> io::Result<Arc<Self>> {
        let watch = Arc::new(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            maker: getpid(),
            is_over: AtomicBool::new(false),
            children: Mutex::default(),
        });
        let watched = watch.clone();
        let thread = thread::Builder::new().name("umh-reaper".into());
        thread.spawn(move || watched.run())?;
        Ok(watch)
    }

    fn add(&self, child: Child) -> Result<(), Child> {
        let mut children = lock(&self.children);
        let key = children.next;
        let readable = epoll::EventFlags::IN;
        let data = epoll::EventData::new_u64(key);
        if epoll::add(&self.epoll, &child.process, data, readable).is_err() {
            return Err(child);
        }
        children.next += 1;
        children.by_key.insert(key, child);
        Ok(())
    }

    fn run(&self) {
        let mut events = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }; 16];
        loop {
            let waited = retry_on_intr(|| epoll::wait(&self.epoll, &mut events, None));
            let Ok(ended) = waited else {
                return self.is_over.store(true, Ordering::Release);
            };
            for event in events.iter().take(ended) {
                let Some(child) = lock(&self.children).by_key.remove(&event.data.u64()) else {
                    continue;
                };
                // It has ended. An error is that somebody else has waited for
                // it, or that SIGCHLD is ignored.
                let _ = waitid(WaitId::PidFd(child.process.as_fd()), WaitIdOptions::EXITED);
                // A panic in a caller's cleanup is not the other helpers'.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(child)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rustix::process::{PidfdFlags, pidfd_open};

    use super::*;

    /// A process that has ended, and its descriptor.
    fn ended() -> (Pid, Child) {
        #[expect(clippy::zombie_processes, reason = "for the reaper")]
        let child = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        (
            pid,
            Child {
                process,
                held: None,
            },
        )
    }

    fn await_reaped(pid: Pid) {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let limit = Instant::now() + Duration::from_secs(20);
        while waitid(WaitId::Pid(pid), look).is_ok() && Instant::now() < limit {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(waitid(WaitId::Pid(pid), look).is_err(), "a zombie");
    }

    #[test]
    fn a_reaper_that_could_not_start_starts_with_the_next_one() {
        let mut reaper = Reaper::new();
        let (first, child) = ended();
        reaper.take(child, || Err(io::Error::from_raw_os_error(24)));
        assert_eq!((reaper.watch.is_none(), reaper.late.len()), (true, 1));

        let (second, child) = ended();
        reaper.take(child, Watch::start);
        assert!(reaper.late.is_empty());
        await_reaped(first);
        await_reaped(second);
    }

    /// A reaper whose thread is not there, and what it looks at.
    fn without_a_thread(epoll: OwnedFd, maker: Pid) -> (Reaper, Arc<Watch>) {
        let watch = Arc::new(Watch {
            epoll,
            maker,
            is_over: AtomicBool::new(false),
            children: Mutex::default(),
        });
        let mut reaper = Reaper::new();
        reaper.watch = Some(watch.clone());
        (reaper, watch)
    }

    #[test]
    fn a_reaper_of_another_process_is_left_alone() {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let parent = rustix::process::getppid().unwrap();
        let (mut reaper, _) = without_a_thread(epoll, parent);
        let (pid, child) = ended();
        reaper.take(child, Watch::start);
        await_reaped(pid);
    }

    #[test]
    fn a_reaper_whose_descriptor_was_taken_away_leaves_its_children_to_the_next() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let (mut reaper, watch) = without_a_thread(file.into(), getpid());
        let (first, child) = ended();
        lock(&watch.children).by_key.insert(0, child);
        watch.run();
        let (second, child) = ended();
        reaper.take(child, Watch::start);
        await_reaped(first);
        await_reaped(second);
    }
}
