// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module is wanted: the host's part.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use umh_abi::modprobe::Modprobe;
use umh_abi::{Block, Message};
use umh_core::errno::Errno;
use umh_core::host::Jiffies;
use umh_core::request_module::{CONCURRENT_MAX, Duplicates, Kmod, Name, Notice};
use umh_core::wait::Retval;

use crate::call::ProcessCall;
use crate::command::Command;
use crate::processes::Processes;
use crate::wake::{HZ, WaitQueue, lock, ticks, wait_until};

/// What requests for modules share.
pub(crate) struct Modules {
    /// The program; `None` for what the kernel would run.
    pub(crate) modprobe: Option<Vec<u8>>,
    pub(crate) duplicates: Option<Mutex<Duplicates>>,
    pub(crate) duplicates_changed: WaitQueue,
    slots: Slots,
    started: Instant,
}

impl Modules {
    pub(crate) fn new(modprobe: Option<Vec<u8>>, join_duplicates: bool) -> Self {
        Self {
            modprobe,
            duplicates: join_duplicates.then(|| Mutex::new(Duplicates::new())),
            duplicates_changed: WaitQueue::default(),
            slots: Slots::new(CONCURRENT_MAX),
            started: Instant::now(),
        }
    }

    /// The program as it is set now: the kernel's own setting may change at
    /// any time, and the kernel's default where there is no `/proc`.
    fn program(&self) -> Vec<u8> {
        if let Some(modprobe) = &self.modprobe {
            return modprobe.clone();
        }
        let setting = fs::read("/proc/sys/kernel/modprobe");
        let mut path = setting.unwrap_or_else(|_| b"/sbin/modprobe\n".into());
        if path.last() == Some(&b'\n') {
            path.pop();
        }
        path
    }
}

impl Kmod for Processes {
    type Slot<'a> = Slot<'a>;

    fn is_off(&self) -> bool {
        self.0.modules.program().is_empty()
    }

    /// No security module is asked for a process's own requests.
    fn may_request(&self, _name: Name<'_>) -> Retval {
        Retval::SUCCESS
    }

    fn slot(&self, timeout: Jiffies) -> Result<Slot<'_>, Errno> {
        self.0.modules.slots.take(timeout)
    }

    fn modprobe(&self, name: Name<'_>, wait: umh_abi::Wait) -> Option<ProcessCall> {
        let program = self.0.modules.program();
        let asked = Message::Modprobe(Modprobe {
            program: &program,
            name: name.as_bytes(),
            wait,
        });
        let mut block = Block::<8192>::new();
        let words = asked.write_to(&mut block)?;
        Command::of(&program, words.argv, words.envp)
            .into_call(self)
            .ok()
    }

    fn duplicates<R>(&self, work: impl FnOnce(&mut Duplicates) -> R) -> Option<R> {
        let table = self.0.modules.duplicates.as_ref()?;
        Some(work(&mut lock(table)))
    }

    fn now(&self) -> Jiffies {
        ticks(self.0.modules.started.elapsed())
    }

    fn is_async_worker(&self) -> bool {
        false
    }

    /// A library has no log; the results say the same.
    fn notice(&self, _notice: Notice<'_>) {}
}

/// A semaphore; first come, first served.
struct Slots {
    state: Mutex<Line>,
    changed: Condvar,
}

struct Line {
    free: usize,
    waiting: VecDeque<u64>,
    next: u64,
}

/// One slot, free again when dropped.
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    fn new(free: usize) -> Self {
        Self {
            state: Mutex::new(Line {
                free,
                waiting: VecDeque::new(),
                next: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn take(&self, timeout: Jiffies) -> Result<Slot<'_>, Errno> {
        let seconds = Duration::from_millis(timeout.unsigned_abs());
        let deadline = Instant::now() + seconds;
        let mut line = lock(&self.state);
        let number = line.next;
        line.next += 1;
        line.waiting.push_back(number);
        while line.free == 0 || line.waiting.front() != Some(&number) {
            if Instant::now() >= deadline {
                line.waiting.retain(|waiting| *waiting != number);
                // Whoever is first now may have been behind us.
                self.changed.notify_all();
                return Err(Errno::ETIME);
            }
            line = wait_until(&self.changed, line, Some(deadline));
        }
        line.waiting.pop_front();
        line.free -= 1;
        // There may be a slot for the next one, too.
        self.changed.notify_all();
        Ok(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).free += 1;
        self.0.changed.notify_all();
    }
}

const _: () = assert!(HZ == 1000, "the time of a slot is in milliseconds");

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn a_slot_that_is_not_given_back_is_waited_for_in_vain() {
        let slots = Slots::new(1);
        let _held = slots.take(0).ok().unwrap();
        assert_eq!(slots.take(20).err(), Some(Errno::ETIME));
        assert!(lock(&slots.state).waiting.is_empty());
    }

    #[test]
    fn slots_go_to_the_first_who_came() {
        let slots = Slots::new(1);
        let (came, order) = channel();
        thread::scope(|scope| {
            let held = slots.take(0).ok().unwrap();
            for number in 0..3 {
                let (slots, came) = (&slots, came.clone());
                scope.spawn(move || {
                    let _slot = slots.take(60_000).ok().unwrap();
                    came.send(number).unwrap();
                });
                while lock(&slots.state).waiting.len() <= number {
                    thread::yield_now();
                }
            }
            drop(held);
        });
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }
}
