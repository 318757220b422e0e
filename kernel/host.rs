// SPDX-License-Identifier: GPL-2.0-only

//! Linux as a host of the engine: each primitive is one of the kernel's.

use crate::linux::process::{self, CurrentTask, Process};
use crate::linux::rwsem;
#[cfg(CONFIG_MODULES)]
use crate::linux::statics::ANSWERS;
use crate::linux::statics::{DEPTH, RUNNING, SEM};
use crate::linux::subprocess_info::{Caller, SubprocessInfo, Worker};
use crate::linux::wait_queue::{Place, WaitQueue};
use kernel::bindings;
use umh_core::caps::Bounds;
use umh_core::errno::Errno;
use umh_core::gate::Gate;
use umh_core::host::{Host, Jiffies, Job, Queue, Reaped, State};

/// `usermodehelper_disabled`, `running_helpers`
static GATE: Gate = Gate::new();

/// `usermodehelper_bset`, `usermodehelper_inheritable`
pub(crate) static BOUNDS: Bounds = Bounds::new();

/// Linux.
pub(crate) struct Linux {
    /// Who asked for a module: for the tracepoint only.
    pub(crate) caller: usize,
}

impl Linux {
    /// For calls that no tracepoint tells of.
    pub(crate) const HOST: Self = Self { caller: 0 };
}

/// `CONFIG_STATIC_USERMODEHELPER_PATH`
#[cfg(CONFIG_STATIC_USERMODEHELPER)]
pub(crate) const CONFIGURED: Option<*const kernel::ffi::c_char> =
    Some(bindings::CONFIG_STATIC_USERMODEHELPER_PATH.as_ptr().cast());
/// Every call runs the program that it names.
#[cfg(not(CONFIG_STATIC_USERMODEHELPER))]
pub(crate) const CONFIGURED: Option<*const kernel::ffi::c_char> = None;

impl Host for Linux {
    const HZ: Jiffies = bindings::CONFIG_HZ as Jiffies;

    type Call = SubprocessInfo;
    type Task = CurrentTask;
    type Process = Process;
    type Waiter = Caller;
    type Completer = Worker;
    type Read<'a> = rwsem::Read<'a>;
    type Write<'a> = rwsem::Write<'a>;
    type Prepared<'a> = Place<'a>;

    fn gate(&self) -> &Gate {
        &GATE
    }

    fn bounds(&self) -> &Bounds {
        &BOUNDS
    }

    fn rendezvous(&self, call: &mut SubprocessInfo) -> (Caller, Worker) {
        call.rendezvous()
    }

    fn queue(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        process::queue(job);
        Ok(())
    }

    fn spawn(&self, job: Job<Self>) -> Result<Process, (Errno, Job<Self>)> {
        Process::spawn(job)
    }

    fn wait(&self, process: Process) -> Reaped<Self> {
        process.wait()
    }

    fn detach(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        process::detach(job)
    }

    fn down_read(&self) -> rwsem::Read<'_> {
        SEM.read()
    }

    fn down_write(&self) -> rwsem::Write<'_> {
        SEM.write()
    }

    fn prepare_to_wait(&self, queue: Queue, state: State) -> Place<'_> {
        queue_of(queue).place(state)
    }

    fn wake_up(&self, queue: Queue) {
        queue_of(queue).wake_up();
    }

    fn try_to_freeze(&self) {
        process::try_to_freeze();
    }
}

fn queue_of(queue: Queue) -> &'static WaitQueue {
    match queue {
        Queue::Running => &RUNNING,
        Queue::Depth => &DEPTH,
        #[cfg(CONFIG_MODULES)]
        Queue::Duplicates => &ANSWERS,
        // Nobody asks for a module that the kernel could not load.
        #[cfg(not(CONFIG_MODULES))]
        Queue::Duplicates => &DEPTH,
    }
}
