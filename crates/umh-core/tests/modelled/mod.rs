// SPDX-License-Identifier: MIT OR Apache-2.0

//! A host of loom's threads and locks. Helpers succeed at once: what is
//! explored is who meets whom in which order. Nothing ever times out, so that
//! a lost wake-up is a deadlock, which loom reports; whatever is not freed is
//! a leaked `Arc`, which it reports too.

use std::sync::Mutex as Plain;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use loom::sync::{Arc, Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use loom::thread::JoinHandle;

use umh_core::call::{Call, Path};
use umh_core::caps::{Bounds, CapSet};
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::gate::{self, Gate};
use umh_core::handoff::Handoff;
use umh_core::host::{
    Completer, Cred, Finished, Host, Jiffies, Job, Prepared, Queue, Reaped, State, Task, Waiter,
};
use umh_core::wait::{Retval, Status};

#[derive(Clone)]
pub(crate) struct Modelled(Arc<Inner>);

/// What tests look at is not loom's: they observe, they do not take part.
pub(crate) struct Inner {
    pub(crate) gate: Gate,
    bounds: Bounds,
    depth_lock: RwLock<()>,
    queues: [(Mutex<usize>, Condvar); 2],
    /// Whether a fatal signal is pending for whoever can be killed.
    pub(crate) killed: bool,
    pub(crate) cleanups: AtomicUsize,
    /// Set when the gate is closed for good: nothing may start any more.
    pub(crate) closed: AtomicBool,
    workers: Plain<Vec<JoinHandle<()>>>,
}

impl std::ops::Deref for Modelled {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Modelled {
    /// A host whose gate is open.
    pub(crate) fn new(killed: bool) -> Self {
        let host = Self(Arc::new(Inner {
            gate: Gate::new(),
            bounds: Bounds::new(),
            depth_lock: RwLock::new(()),
            queues: [
                (Mutex::new(0), Condvar::new()),
                (Mutex::new(0), Condvar::new()),
            ],
            killed,
            cleanups: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            workers: Plain::new(Vec::new()),
        }));
        gate::enable(&host);
        host
    }

    pub(crate) fn call(&self) -> ModelledCall {
        ModelledCall(self.clone())
    }

    /// Waits until every worker is done.
    pub(crate) fn join(&self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap());
        for worker in workers {
            worker.join().unwrap();
        }
    }

    fn wait_queue(&self, queue: Queue) -> &(Mutex<usize>, Condvar) {
        match queue {
            Queue::Running => &self.queues[0],
            Queue::Depth => &self.queues[1],
            Queue::Duplicates => unreachable!("no model asks for a module"),
        }
    }
}

pub(crate) struct ModelledCall(Modelled);

impl Drop for ModelledCall {
    fn drop(&mut self) {
        self.0.cleanups.fetch_add(1, Ordering::SeqCst);
    }
}

impl Call for ModelledCall {
    type Cred = ModelledCred;

    fn path(&self) -> Path {
        Path::Program
    }

    fn init(&mut self, _cred: &mut ModelledCred) -> Retval {
        Retval::SUCCESS
    }
}

pub(crate) struct ModelledTask;
pub(crate) struct ModelledCred;

impl Cred for ModelledCred {
    fn narrow(&mut self, _bset: CapSet, _inheritable: CapSet) {}
}

impl Task for ModelledTask {
    type Call = ModelledCall;
    type Cred = ModelledCred;

    fn default_signals(&mut self) {}
    fn set_umask(&mut self, _mask: u32) {}
    fn set_nice(&mut self, _nice: i32) {}
    fn prepare_creds(&mut self) -> Result<ModelledCred, Errno> {
        Ok(ModelledCred)
    }
    fn commit_creds(&mut self, _cred: ModelledCred) -> Result<(), Errno> {
        Ok(())
    }
    fn wait_for_initramfs(&mut self) {}
    fn execve(&mut self, _call: &mut ModelledCall) -> Result<(), Errno> {
        Ok(())
    }
}

struct Slot {
    handoff: Handoff,
    finished: Mutex<Option<Finished<Modelled>>>,
    filled: Condvar,
}

impl Drop for Slot {
    /// On a host without reference counts this would be a leak.
    fn drop(&mut self) {
        let left = self.finished.lock().unwrap().take();
        assert!(left.is_none(), "a call came back to nobody");
    }
}

pub(crate) struct ModelledWaiter {
    killed: bool,
    slot: Arc<Slot>,
}

pub(crate) struct ModelledCompleter(Arc<Slot>);

impl Waiter<Modelled> for ModelledWaiter {
    fn handoff(&self) -> &Handoff {
        &self.slot.handoff
    }

    fn wait(self, _freezable: bool) -> Finished<Modelled> {
        let mut finished = self.slot.finished.lock().unwrap();
        loop {
            match finished.take() {
                Some(finished) => return finished,
                None => finished = self.slot.filled.wait(finished).unwrap(),
            }
        }
    }

    fn wait_killable(&mut self, _freezable: bool) -> Result<Finished<Modelled>, Errno> {
        let mut finished = self.slot.finished.lock().unwrap();
        loop {
            match finished.take() {
                Some(finished) => return Ok(finished),
                None if self.killed => return Err(Errno::ERESTARTSYS),
                None => finished = self.slot.filled.wait(finished).unwrap(),
            }
        }
    }
}

impl Completer<Modelled> for ModelledCompleter {
    fn handoff(&self) -> &Handoff {
        &self.0.handoff
    }

    fn complete(self, finished: Finished<Modelled>) {
        let before = self.0.finished.lock().unwrap().replace(finished);
        assert!(before.is_none(), "completed once");
        self.0.filled.notify_one();
    }
}

pub(crate) struct ModelledPrepared<'a> {
    queue: &'a (Mutex<usize>, Condvar),
    seen: usize,
}

impl Prepared for ModelledPrepared<'_> {
    fn schedule_timeout(&mut self, timeout: Jiffies) -> Result<Jiffies, Errno> {
        let mut wakes = self.queue.0.lock().unwrap();
        while *wakes == self.seen {
            wakes = self.queue.1.wait(wakes).unwrap();
        }
        Ok(timeout)
    }
}

impl Host for Modelled {
    const HZ: Jiffies = 1;

    type Call = ModelledCall;
    type Task = ModelledTask;
    type Process = (Job<Self>, Retval);
    type Waiter = ModelledWaiter;
    type Completer = ModelledCompleter;
    type Read<'a> = RwLockReadGuard<'a, ()>;
    type Write<'a> = RwLockWriteGuard<'a, ()>;
    type Prepared<'a> = ModelledPrepared<'a>;

    fn gate(&self) -> &Gate {
        &self.0.gate
    }

    fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn rendezvous(&self, _call: &mut ModelledCall) -> (ModelledWaiter, ModelledCompleter) {
        let slot = Arc::new(Slot {
            handoff: Handoff::new(),
            finished: Mutex::new(None),
            filled: Condvar::new(),
        });
        let waiter = ModelledWaiter {
            killed: self.killed,
            slot: slot.clone(),
        };
        (waiter, ModelledCompleter(slot))
    }

    fn queue(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        assert!(
            !self.closed.load(Ordering::SeqCst),
            "a call has come through a closed gate"
        );
        let host = self.clone();
        let worker = loom::thread::spawn(move || exec::work(&host, job));
        self.workers.lock().unwrap().push(worker);
        Ok(())
    }

    fn spawn(&self, mut job: Job<Self>) -> Result<Self::Process, (Errno, Job<Self>)> {
        let retval = exec::become_helper(self, &mut ModelledTask, &mut job.call);
        Ok((job, retval))
    }

    fn wait(&self, (job, retval): Self::Process) -> Reaped<Self> {
        Reaped {
            job,
            retval,
            status: Status::exited(5),
        }
    }

    fn detach(&self, mut job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        let retval = exec::become_helper(self, &mut ModelledTask, &mut job.call);
        exec::complete(job, retval);
        Ok(())
    }

    fn down_read(&self) -> RwLockReadGuard<'_, ()> {
        self.depth_lock.read().unwrap()
    }

    fn down_write(&self) -> RwLockWriteGuard<'_, ()> {
        self.depth_lock.write().unwrap()
    }

    fn prepare_to_wait(&self, queue: Queue, _state: State) -> ModelledPrepared<'_> {
        let queue = self.wait_queue(queue);
        let seen = *queue.0.lock().unwrap();
        ModelledPrepared { queue, seen }
    }

    fn wake_up(&self, queue: Queue) {
        let queue = self.wait_queue(queue);
        *queue.0.lock().unwrap() += 1;
        queue.1.notify_all();
    }

    fn try_to_freeze(&self) {}
}
