// SPDX-License-Identifier: MIT OR Apache-2.0

//! The lock on the depth of the gate: Linux's `umhelper_sem`.
//!
//! As the kernel's semaphores and unlike `std`'s locks, one thread may take it
//! and another give it back, as tasks do. Who waits to write goes before who
//! comes to read.

use std::sync::{Condvar, Mutex};

use crate::wake::{lock, wait_until};

#[derive(Default)]
pub(crate) struct RwSem {
    holders: Mutex<Holders>,
    changed: Condvar,
}

#[derive(Default)]
struct Holders {
    readers: usize,
    written: bool,
    writers_waiting: usize,
}

impl RwSem {
    pub(crate) fn down_read(&self) {
        let mut holders = lock(&self.holders);
        while holders.written || holders.writers_waiting > 0 {
            holders = wait_until(&self.changed, holders, None);
        }
        holders.readers += 1;
    }

    pub(crate) fn up_read(&self) {
        lock(&self.holders).readers -= 1;
        self.changed.notify_all();
    }

    pub(crate) fn write(&self) -> Write<'_> {
        let mut holders = lock(&self.holders);
        holders.writers_waiting += 1;
        while holders.written || holders.readers > 0 {
            holders = wait_until(&self.changed, holders, None);
        }
        holders.writers_waiting -= 1;
        holders.written = true;
        Write(self)
    }
}

/// Held for write, until dropped.
pub(crate) struct Write<'a>(&'a RwSem);

impl Drop for Write<'_> {
    fn drop(&mut self) {
        lock(&self.0.holders).written = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_writer_waits_for_readers_and_goes_before_those_that_come_later() {
        let (sem, wrote) = (RwSem::default(), AtomicBool::new(false));
        thread::scope(|scope| {
            sem.down_read();
            sem.down_read();
            scope.spawn(|| {
                let _write = sem.write();
                wrote.store(true, Ordering::SeqCst);
            });
            while lock(&sem.holders).writers_waiting == 0 {
                thread::yield_now();
            }
            let later = scope.spawn(|| {
                sem.down_read();
                assert!(wrote.load(Ordering::SeqCst));
                sem.up_read();
            });
            sem.up_read();
            assert!(!wrote.load(Ordering::SeqCst), "one reader is left");
            // From another thread than took it.
            scope.spawn(|| sem.up_read());
            later.join().unwrap();
        });
    }
}
