// SPDX-License-Identifier: MIT OR Apache-2.0

//! The engine's host: processes and threads.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};
use umh_core::caps::Bounds;
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::gate::Gate;
use umh_core::host::{Host, Jiffies, Job, Queue, Reaped, State};
use umh_core::wait::{Retval, Status};

use crate::call::ProcessCall;
use crate::error::{Stage, errno, io_errno};
use crate::event::Events;
use crate::kmod::Modules;
use crate::pool::Pool;
use crate::reaper::reap;
use crate::slot::{SlotCompleter, SlotWaiter, pair};
use crate::sys::vfork;
use crate::task::ProcessTask;
use crate::wake::{HZ, Place, WaitQueue};

/// One engine, shared by its callers and workers.
#[derive(Clone)]
pub(crate) struct Processes(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) gate: Gate,
    pub(crate) bounds: Bounds,
    pub(crate) depth_lock: RwLock<()>,
    pub(crate) running: WaitQueue,
    pub(crate) depth: WaitQueue,
    pub(crate) pool: Arc<Pool<Job<Processes>>>,
    pub(crate) modules: Modules,
    pub(crate) events: Events,
    /// What every call runs instead, as `CONFIG_STATIC_USERMODEHELPER` has it.
    pub(crate) program: Option<Vec<u8>>,
}

/// A process, and the job that it was started for.
pub(crate) struct Started {
    job: Job<Processes>,
    process: OwnedFd,
    retval: Retval,
}

impl Processes {
    /// Starts a process and has it become the helper. What the child says is
    /// known when this returns: it has become the helper, or is gone.
    fn start(&self, job: &mut Job<Self>) -> Result<(OwnedFd, Retval), Errno> {
        let progress = job.call.progress.clone();
        progress.at(Stage::Process);
        let cgroup = job.call.cgroup.take();
        let mut task = ProcessTask::new(progress);
        let mut retval = Retval::SUCCESS;
        let process = vfork(cgroup.as_ref().map(|cgroup| cgroup.as_fd()), &mut || {
            retval = match task.shed() {
                Ok(()) => exec::become_helper(self, &mut task, &mut job.call),
                Err(errno) => errno.into(),
            };
        });
        Ok((process.map_err(errno)?, retval))
    }
}

impl Host for Processes {
    const HZ: Jiffies = HZ;

    type Call = ProcessCall;
    type Task = ProcessTask;
    type Process = Started;
    type Waiter = SlotWaiter;
    type Completer = SlotCompleter;
    type Read<'a> = RwLockReadGuard<'a, ()>;
    type Write<'a> = RwLockWriteGuard<'a, ()>;
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
        let host = self.clone();
        let queued = self.0.pool.push(job, move |job| exec::work(&host, job));
        queued.map_err(|(error, job)| (io_errno(&error), job))
    }

    fn spawn(&self, mut job: Job<Self>) -> Result<Started, (Errno, Job<Self>)> {
        match self.start(&mut job) {
            Ok((process, retval)) => Ok(Started {
                job,
                process,
                retval,
            }),
            Err(errno) => Err((errno, job)),
        }
    }

    fn wait(&self, started: Started) -> Reaped<Self> {
        let Started {
            job,
            process,
            retval,
        } = started;
        match end_of(&process) {
            Ok(status) => Reaped {
                job,
                retval,
                status,
            },
            // Somebody else has taken the status, or SIGCHLD is ignored. Why
            // there was no helper is known without it.
            Err(errno) => Reaped {
                job,
                retval: match retval {
                    Retval::SUCCESS => errno.into(),
                    failed => failed,
                },
                status: Status::SUCCESS,
            },
        }
    }

    /// The child is gone from our memory when it is known what became of it,
    /// so it is this side that completes the call.
    fn detach(&self, mut job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        let (process, retval) = match self.start(&mut job) {
            Ok(started) => started,
            Err(errno) => return Err((errno, job)),
        };
        if retval == Retval::SUCCESS {
            reap(process);
        } else {
            let _ = end_of(&process);
        }
        exec::complete(job, retval);
        Ok(())
    }

    fn down_read(&self) -> RwLockReadGuard<'_, ()> {
        let lock = self.0.depth_lock.read();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    fn down_write(&self) -> RwLockWriteGuard<'_, ()> {
        let lock = self.0.depth_lock.write();
        lock.unwrap_or_else(PoisonError::into_inner)
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

/// Waits for the end of a process, and takes its status.
fn end_of(process: &OwnedFd) -> Result<Status, Errno> {
    let ended =
        rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED));
    let status = ended.map_err(errno)?.ok_or(Errno::EIO)?;
    Ok(status_of(&status))
}

fn status_of(status: &WaitIdStatus) -> Status {
    let byte = |number: i32| (number & 0xff) as u8;
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Status::exited(byte(code)),
        (None, signal) => Status::killed(byte(signal.unwrap_or(0)), status.dumped()),
    }
}
