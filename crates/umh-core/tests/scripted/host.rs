// SPDX-License-Identifier: MIT OR Apache-2.0

//! The scripted host's primitives.

use std::cell::RefCell;
use std::rc::Rc;

use umh_core::caps::Bounds;
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::gate::Gate;
use umh_core::handoff::Handoff;
use umh_core::host::{
    Completer, FOREVER, Finished, Host, Jiffies, Job, Prepared, Queue, Reaped, State, Waiter,
};
use umh_core::wait::{Retval, Status};

use super::process::{TestCall, TestTask};
use super::{Kill, Scripted};

#[derive(Default)]
pub(crate) struct Slot {
    handoff: Handoff,
    finished: RefCell<Option<Finished<Scripted>>>,
}

impl Drop for Slot {
    /// On a host without reference counts this would be a leak.
    fn drop(&mut self) {
        let left = self.finished.take();
        assert!(left.is_none(), "a call came back to nobody");
    }
}

pub(crate) struct TestWaiter {
    host: Scripted,
    slot: Rc<Slot>,
}

pub(crate) struct TestCompleter(Rc<Slot>);

impl Waiter<Scripted> for TestWaiter {
    fn handoff(&self) -> &Handoff {
        &self.slot.handoff
    }

    fn wait(self, _freezable: bool) -> Finished<Scripted> {
        self.host.settle();
        completed(&self.slot)
    }

    fn wait_killable(&mut self, _freezable: bool) -> Result<Finished<Scripted>, Errno> {
        self.host.primitive("wait_killable", Errno::ERESTARTSYS)?;
        match self.host.script.kill {
            Kill::BeforeTheWorker => return Err(Errno::ERESTARTSYS),
            Kill::AfterTheWorker => {
                self.host.settle();
                return Err(Errno::ERESTARTSYS);
            }
            Kill::Never => {}
        }
        self.host.settle();
        Ok(completed(&self.slot))
    }
}

/// What a worker has put there: none is left to do it.
fn completed(slot: &Slot) -> Finished<Scripted> {
    match slot.finished.take() {
        Some(finished) => finished,
        None => panic!("no worker has completed the call"),
    }
}

impl Completer<Scripted> for TestCompleter {
    fn handoff(&self) -> &Handoff {
        &self.0.handoff
    }

    fn complete(self, finished: Finished<Scripted>) {
        let before = self.0.finished.replace(Some(finished));
        assert!(before.is_none(), "completed once");
    }
}

pub(crate) struct TestRead(Scripted);

impl Drop for TestRead {
    fn drop(&mut self) {
        self.0.readers.set(self.0.readers.get() - 1);
    }
}

pub(crate) struct TestPrepared {
    host: Scripted,
    queue: Queue,
}

impl Prepared for TestPrepared {
    fn schedule_timeout(&mut self, timeout: Jiffies) -> Result<Jiffies, Errno> {
        assert_ne!(timeout, 0, "nobody sleeps for no time");
        let event = self.host.sleeps.borrow_mut().pop_front();
        let Some(event) = event else {
            assert_ne!(timeout, FOREVER, "asleep for ever in {:?}", self.queue);
            self.host.slept.set(self.host.slept.get() + timeout);
            return Ok(0);
        };
        event(&self.host);
        self.host.slept.set(self.host.slept.get() + 1);
        Ok(if timeout == FOREVER {
            FOREVER
        } else {
            timeout - 1
        })
    }
}

impl Host for Scripted {
    const HZ: Jiffies = 100;

    type Call = TestCall;
    type Task = TestTask;
    type Process = (Job<Self>, Retval, Status);
    type Waiter = TestWaiter;
    type Completer = TestCompleter;
    type Read<'a> = TestRead;
    type Write<'a> = ();
    type Prepared<'a> = TestPrepared;

    fn gate(&self) -> &Gate {
        &self.0.gate
    }

    fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn rendezvous(&self, _call: &mut TestCall) -> (TestWaiter, TestCompleter) {
        let slot = Rc::new(Slot::default());
        let waiter = TestWaiter {
            host: self.clone(),
            slot: slot.clone(),
        };
        (waiter, TestCompleter(slot))
    }

    fn queue(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        if let Err(errno) = self.primitive("queue", Errno::EAGAIN) {
            return Err((errno, job));
        }
        self.jobs.borrow_mut().push_back(job);
        Ok(())
    }

    fn spawn(&self, mut job: Job<Self>) -> Result<Self::Process, (Errno, Job<Self>)> {
        if let Err(errno) = self.primitive("spawn", Errno::EAGAIN) {
            return Err((errno, job));
        }
        let (retval, status) = self.process(&mut job);
        Ok((job, retval, status))
    }

    fn wait(&self, (job, retval, status): Self::Process) -> Reaped<Self> {
        Reaped {
            job,
            retval,
            status,
        }
    }

    fn detach(&self, mut job: Job<Self>) -> Result<(), (Errno, Job<Self>)> {
        if let Err(errno) = self.primitive("detach", Errno::EAGAIN) {
            return Err((errno, job));
        }
        let (retval, _unseen) = self.process(&mut job);
        exec::complete(job, retval);
        Ok(())
    }

    fn down_read(&self) -> TestRead {
        self.readers.set(self.readers.get() + 1);
        TestRead(self.clone())
    }

    fn down_write(&self) {
        assert_eq!(self.readers.get(), 0, "a reader would be waited for");
    }

    fn prepare_to_wait(&self, queue: Queue, _state: State) -> TestPrepared {
        TestPrepared {
            host: self.clone(),
            queue,
        }
    }

    fn wake_up(&self, _queue: Queue) {}

    fn try_to_freeze(&self) {
        self.freezes.set(self.freezes.get() + 1);
    }
}
