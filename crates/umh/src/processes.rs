// SPDX-License-Identifier: MIT OR Apache-2.0

//! The engine's host: processes and threads.

use std::sync::Arc;

use umh_core::caps::Bounds;
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::gate::Gate;
use umh_core::host::{Host, Jiffies, Job, Queue, Reaped, State};

use crate::call::ProcessCall;
use crate::child::Child;
use crate::error::{Stage, io_errno};
use crate::event::Events;
use crate::kmod::Modules;
use crate::pool::Pool;
use crate::rwsem::{RwSem, Write};
use crate::slot::{SlotCompleter, SlotWaiter, pair};
use crate::task::ProcessTask;
use crate::wake::{HZ, Place, WaitQueue};

/// One engine, shared by its callers and workers.
#[derive(Clone)]
pub(crate) struct Processes(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) gate: Gate,
    pub(crate) bounds: Bounds,
    pub(crate) depth_lock: RwSem,
    pub(crate) running: WaitQueue,
    pub(crate) depth: WaitQueue,
    pub(crate) pool: Arc<Pool<Work>>,
    pub(crate) modules: Modules,
    pub(crate) events: Events,
    /// What every call runs instead, as `CONFIG_STATIC_USERMODEHELPER` has it.
    pub(crate) program: Option<Vec<u8>>,
}

/// Holds the depth's lock for read, in whatever thread.
pub(crate) struct Read(Arc<Inner>);

impl Drop for Read {
    fn drop(&mut self) {
        self.0.depth_lock.up_read();
    }
}

/// A process, and the job that it was started for.
pub(crate) struct Started {
    job: Job<Processes>,
    child: Child,
}

/// What a worker does.
pub(crate) enum Work {
    Call(Box<Job<Processes>>),
    Other(Box<dyn FnOnce() + Send>),
}

impl Processes {
    /// Has `work` done by a worker, soon.
    #[cfg_attr(
        not(any(feature = "firmware", feature = "tokio")),
        expect(dead_code, reason = "theirs")
    )]
    pub(crate) fn later(&self, work: impl FnOnce() + Send + 'static) -> Result<(), Errno> {
        let queued = self.push(Work::Other(Box::new(work)));
        queued.map_err(|(errno, _undone)| errno)
    }

    fn push(&self, work: Work) -> Result<(), (Errno, Work)> {
        let host = self.clone();
        let queued = self.0.pool.push(work, move |work| match work {
            Work::Call(job) => exec::work(&host, *job),
            Work::Other(work) => work(),
        });
        queued.map_err(|(error, work)| (io_errno(&error), work))
    }
}

impl Host for Processes {
    const HZ: Jiffies = HZ;

    type Call = ProcessCall;
    type Task = ProcessTask;
    type Process = Started;
    type Waiter = SlotWaiter;
    type Completer = SlotCompleter;
    type Read<'a> = Read;
    type Write<'a> = Write<'a>;
    type Prepared<'a> = Place<'a>;

    fn gate(&self) -> &Gate {
        &self.0.gate
    }

    fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn rendezvous(&self, call: &mut ProcessCall) -> (SlotWaiter, SlotCompleter) {
        pair(call.progress.clone(), call.cancel.take(), call.timeout)
    }

    /// A caller that can neither go on nor be killed may as well be its own
    /// worker: that saves two switches of threads.
    fn queue(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        if !job.wait.is_no() && !job.wait.is_killable() {
            exec::work(self, job);
            return Ok(());
        }
        job.call.progress.at(Stage::Queue);
        match self.push(Work::Call(Box::new(job))) {
            Err((errno, Work::Call(job))) => Err((errno, *job)),
            // Nothing else comes back than what was pushed.
            Err((_, Work::Other(_))) | Ok(()) => Ok(()),
        }
    }

    fn spawn(&self, mut job: Job<Self>) -> Result<Started, (Errno, Job<Self>)> {
        match Child::start(self, &mut job.call) {
            Ok(child) => Ok(Started { job, child }),
            Err(errno) => Err((errno, job)),
        }
    }

    fn wait(&self, Started { job, child }: Started) -> Reaped<Self> {
        let (retval, status) = child.wait();
        Reaped {
            job,
            retval,
            status,
        }
    }

    /// The child is gone from our memory when it is known what became of it,
    /// so it is this side that completes the call.
    fn detach(&self, mut job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        match Child::start(self, &mut job.call) {
            Ok(child) => {
                let retval = child.began();
                child.leave(None);
                exec::complete(job, retval);
                Ok(())
            }
            Err(errno) => Err((errno, job)),
        }
    }

    fn down_read(&self) -> Read {
        self.0.depth_lock.down_read();
        Read(self.0.clone())
    }

    fn down_write(&self) -> Write<'_> {
        self.0.depth_lock.write()
    }

    fn prepare_to_wait(&self, queue: Queue, _state: State) -> Place<'_> {
        self.0.wait_queue(queue).prepare()
    }

    fn wake_up(&self, queue: Queue) {
        self.0.wait_queue(queue).wake();
    }

    fn try_to_freeze(&self) {}
}

impl Inner {
    fn wait_queue(&self, queue: Queue) -> &WaitQueue {
        match queue {
            Queue::Running => &self.running,
            Queue::Depth => &self.depth,
            Queue::Duplicates => &self.modules.duplicates_changed,
        }
    }
}
