// SPDX-License-Identifier: MIT OR Apache-2.0

//! A host of one thread that does what a script says: workers run when
//! somebody waits, time passes when somebody sleeps, and the n-th primitive
//! fails.

#![allow(dead_code, reason = "each test uses a part of it")]

mod host;
mod process;

pub(crate) use process::TestCall;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use process::TestTask;
use umh_core::call;
use umh_core::caps::Bounds;
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::gate::{self, Depth, Gate};
use umh_core::host::{Jiffies, Job};
use umh_core::wait::{Retval, Status, Wait};

/// What happens; the default is that everything works at once.
pub(crate) struct Script {
    /// Which fallible primitive fails, counted from 0.
    pub(crate) fail_at: Option<usize>,
    pub(crate) init: Retval,
    pub(crate) execve: Result<(), Errno>,
    pub(crate) status: Status,
    pub(crate) kill: Kill,
    /// `CONFIG_STATIC_USERMODEHELPER`
    pub(crate) configured: Option<&'static [u8]>,
}

/// When a fatal signal reaches a caller that can be killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    Never,
    BeforeTheWorker,
    AfterTheWorker,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            fail_at: None,
            init: Retval::SUCCESS,
            execve: Ok(()),
            status: Status::SUCCESS,
            kill: Kill::Never,
            configured: None,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Scripted(Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) gate: Gate,
    pub(crate) bounds: Bounds,
    pub(crate) script: Script,
    pub(crate) jobs: RefCell<VecDeque<Job<Scripted>>>,
    /// What was done in the new process, in order.
    pub(crate) steps: RefCell<Vec<String>>,
    pub(crate) inits: Cell<usize>,
    pub(crate) cleanups: Cell<usize>,
    /// What the n-th primitive was that failed.
    pub(crate) failed: Cell<Option<&'static str>>,
    pub(crate) primitives: Cell<usize>,
    pub(crate) readers: Cell<usize>,
    /// What happens while somebody sleeps, one a sleep; each takes one tick.
    pub(crate) sleeps: RefCell<VecDeque<Event>>,
    pub(crate) slept: Cell<Jiffies>,
    pub(crate) freezes: Cell<usize>,
}

impl std::ops::Deref for Scripted {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Scripted {
    /// A host whose gate is open.
    pub(crate) fn new(script: Script) -> Self {
        let host = Self::closed(script);
        gate::enable(&host);
        host
    }

    pub(crate) fn closed(script: Script) -> Self {
        Self(Rc::new(Inner {
            gate: Gate::new(),
            bounds: Bounds::new(),
            script,
            jobs: RefCell::default(),
            steps: RefCell::default(),
            inits: Cell::new(0),
            cleanups: Cell::new(0),
            failed: Cell::new(None),
            primitives: Cell::new(0),
            readers: Cell::new(0),
            sleeps: RefCell::default(),
            slept: Cell::new(0),
            freezes: Cell::new(0),
        }))
    }

    /// A call of this program; `None` is C's NULL.
    pub(crate) fn call(&self, path: Option<&'static str>) -> Option<TestCall> {
        self.primitive("setup", Errno::ENOMEM).ok()?;
        let path = call::program(path.map(str::as_bytes), self.script.configured);
        Some(TestCall {
            host: self.clone(),
            path: path.map(<[u8]>::to_vec),
        })
    }

    /// Sets up and makes a call, and lets every worker run.
    pub(crate) fn run(&self, path: Option<&'static str>, wait: Wait) -> Result<Status, Errno> {
        let result = exec::call(self, |_memory| self.call(path), wait);
        self.settle();
        result
    }

    /// Lets every worker run.
    pub(crate) fn settle(&self) {
        loop {
            let next = self.jobs.borrow_mut().pop_front();
            let Some(job) = next else { break };
            exec::work(self, job);
        }
    }

    pub(crate) fn on_sleep(&self, event: impl FnOnce(&Self) + 'static) {
        self.sleeps.borrow_mut().push_back(Box::new(event));
    }

    pub(crate) fn set_depth(&self, depth: Depth) {
        gate::set_depth(self, depth);
    }

    fn primitive(&self, name: &'static str, errno: Errno) -> Result<(), Errno> {
        let number = self.primitives.get();
        self.primitives.set(number + 1);
        if self.script.fail_at == Some(number) {
            self.failed.set(Some(name));
            return Err(errno);
        }
        Ok(())
    }

    fn step(&self, step: impl Into<String>) {
        self.steps.borrow_mut().push(step.into());
    }

    /// The new process, up to its end.
    fn process(&self, job: &mut Job<Self>) -> (Retval, Status) {
        let mut task = TestTask(self.clone());
        let retval = exec::become_helper(self, &mut task, &mut job.call);
        // Who could not become the helper ends with do_exit(0).
        let became = retval == Retval::SUCCESS;
        (
            retval,
            if became {
                self.script.status
            } else {
                Status::SUCCESS
            },
        )
    }
}

/// Something that happens while somebody sleeps.
type Event = Box<dyn FnOnce(&Scripted)>;

/// A host whose helpers exit with this code.
pub(crate) fn exits_with(code: u8) -> Scripted {
    Scripted::new(Script {
        status: Status::exited(code),
        ..Script::default()
    })
}

thread_local! {
    static NOTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Remembers what a caller asked of the host; one list a test, as tests are
/// threads.
pub(crate) fn noted(text: String) {
    NOTED.with_borrow_mut(|noted| noted.push(text));
}

/// What was noted since the last look.
pub(crate) fn requested() -> Vec<String> {
    NOTED.take()
}
