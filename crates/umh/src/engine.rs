// SPDX-License-Identifier: MIT OR Apache-2.0

//! An engine: its gate, its bounds and its workers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::time::Duration;

use umh_core::caps::{Bounds, CapSet, Which};
use umh_core::errno::Errno;
use umh_core::gate::{self, Depth, Gate};
use umh_core::request_module;
use umh_core::wait::Status;

use crate::event::{Event, Events};
use crate::kmod::Modules;
use crate::pool::Pool;
use crate::processes::{Inner, Processes, Read};
use crate::rwsem::RwSem;
use crate::wake::{WaitQueue, ticks};

/// An engine. Clones are the same engine; most programs have one. It does not
/// survive a fork(2) without execve(2): its threads are not in the new process,
/// which makes an engine of its own.
///
/// # The gate
///
/// While the engine is frozen or disabled every call fails with `EBUSY`. Who
/// is about to suspend, to snapshot or to shut down freezes it, and knows then
/// that nobody is inside a call any more:
///
/// ```
/// use umh::{Command, Errno, Umh, Wait};
///
/// let umh = Umh::new();
/// umh.freeze()?;
/// let error = Command::new("/bin/true").exec(&umh, Wait::PROC).unwrap_err();
/// assert_eq!(error.errno, Errno::EBUSY);
/// umh.thaw();
/// assert!(Command::new("/bin/true").exec(&umh, Wait::PROC).is_ok());
/// # Ok::<(), Errno>(())
/// ```
#[derive(Clone)]
pub struct Umh(pub(crate) Processes);

impl Umh {
    /// An engine with the usual limits.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An engine with other limits.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Closes the gate and waits until nobody is inside. If somebody still is
    /// after five seconds the gate is open again, and the error is `EAGAIN`.
    /// Helpers that nobody waits for go on.
    #[doc(alias = "usermodehelper_disable")]
    pub fn freeze(&self) -> Result<(), Errno> {
        gate::disable(&self.0, Depth::Freezing)?;
        gate::set_depth(&self.0, Depth::Disabled);
        Ok(())
    }

    /// Opens the gate.
    #[doc(alias = "usermodehelper_enable")]
    pub fn thaw(&self) {
        gate::enable(&self.0);
    }

    /// Keeps the gate open while the guard lives: [`Umh::freeze`] waits for it
    /// to go, so a thread that has one must not freeze, and must not take
    /// another, which may wait behind somebody who freezes. `EAGAIN` if the
    /// gate is closed; waits while it is being closed or opened.
    #[doc(alias = "usermodehelper_read_trylock")]
    pub fn keep_open(&self) -> Result<Open, Errno> {
        gate::read_trylock(&self.0).map(Open)
    }

    /// The same, but waits at most `timeout` for the gate to open.
    #[doc(alias = "usermodehelper_read_lock_wait")]
    pub fn keep_open_within(&self, timeout: Duration) -> Option<Open> {
        let read = gate::read_lock_wait(&self.0, ticks(timeout)).ok()?;
        read.map(|(read, _left)| Open(read))
    }

    /// How many callers are inside a call.
    pub fn running(&self) -> usize {
        self.0.0.gate.running()
    }

    /// The bounds of the capabilities of helpers.
    pub fn bounds(&self, which: Which) -> CapSet {
        self.0.0.bounds.read(which)
    }

    /// Narrows a bound; there is no way back, as with the sysctls
    /// `kernel.usermodehelper.{bset,inheritable}`. Taking from the bounding set
    /// what is in it needs `CAP_SETPCAP` when a helper is started.
    ///
    /// The kernel's helpers inherit no capability from who starts them. Ours
    /// do: those in the caller's inheritable and ambient sets stay until
    /// [`Which::Inheritable`] is narrowed, too, or for one call until
    /// [`Capabilities::KERNEL`](crate::Capabilities::KERNEL) is asked for.
    pub fn narrow(&self, which: Which, to: CapSet) {
        // What a process may is for the kernel to say, at each start.
        let _ = self.0.0.bounds.write(which, to, true);
    }

    /// Asks for a kernel module as the kernel does: `modprobe -q -- NAME`, at
    /// most 50 at once. With `wait` the status is modprobe's, which is not 0
    /// if there is no such module; what it means for the caller only a second
    /// look can tell. `ENOENT` if autoloading is switched off or modprobe is
    /// missing, `ETIME` if others kept all slots for five seconds.
    #[doc(alias = "__request_module")]
    pub fn request_module(&self, name: impl AsRef<OsStr>, wait: bool) -> Result<Status, Errno> {
        request_module::request_module(&self.0, name.as_ref().as_bytes(), wait)
    }

    /// Tells the engine's helper that something happened to a device, in the
    /// kernel's form and with the next number, and does not wait for it. One
    /// process an event, in no order: a helper goes by `SEQNUM`. `ENOMEM` if
    /// the event has more than 64 words or 2048 bytes.
    #[doc(alias = "kobject_uevent_env")]
    pub fn uevent(&self, event: &Event) -> Result<(), Errno> {
        event.send(&self.0)
    }
}

impl Default for Umh {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps the gate open.
pub struct Open(#[expect(dead_code, reason = "held to be dropped")] Read);

/// The limits of an engine.
#[derive(Clone, Debug)]
pub struct Builder {
    workers: usize,
    queued: usize,
    program: Option<Vec<u8>>,
    modprobe: Option<Vec<u8>>,
    join_duplicates: bool,
    uevent_helper: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            // `WQ_MAX_ACTIVE` of Linux 6.12.
            workers: 512,
            queued: 4096,
            program: None,
            modprobe: None,
            join_duplicates: false,
            uevent_helper: Vec::new(),
        }
    }
}

impl Builder {
    /// The most worker threads. A helper that is waited for, by a caller that
    /// can be cancelled, occupies one until it ends.
    #[must_use]
    pub fn workers(mut self, most: usize) -> Self {
        self.workers = most;
        self
    }

    /// The most calls that no worker has begun; more fail with `EAGAIN`.
    #[must_use]
    pub fn queued(mut self, most: usize) -> Self {
        self.queued = most;
        self
    }

    /// The one program that every call runs, whatever it asks for, as a kernel
    /// with `CONFIG_STATIC_USERMODEHELPER` does. The words stay as they are.
    #[must_use]
    pub fn program(mut self, path: impl AsRef<OsStr>) -> Self {
        self.program = Some(path.as_ref().as_bytes().to_vec());
        self
    }

    /// What [`Umh::request_module`] runs, in place of the kernel's own setting
    /// (`/proc/sys/kernel/modprobe`). Empty switches it off.
    #[must_use]
    pub fn modprobe(mut self, path: impl AsRef<OsStr>) -> Self {
        self.modprobe = Some(path.as_ref().as_bytes().to_vec());
        self
    }

    /// Has requests for a module wait for an earlier one of the same name and
    /// share its result, for a minute.
    #[must_use]
    pub fn join_duplicates(mut self) -> Self {
        self.join_duplicates = true;
        self
    }

    /// What [`Umh::uevent`] runs, as `/sys/kernel/uevent_helper`.
    #[must_use]
    pub fn uevent_helper(mut self, path: impl AsRef<OsStr>) -> Self {
        self.uevent_helper = path.as_ref().as_bytes().to_vec();
        self
    }

    /// The engine, its gate open.
    pub fn build(self) -> Umh {
        let processes = Processes(Arc::new(Inner {
            gate: Gate::new(),
            bounds: Bounds::new(),
            depth_lock: RwSem::default(),
            running: WaitQueue::default(),
            depth: WaitQueue::default(),
            pool: Arc::new(Pool::new(self.workers, self.queued)),
            modules: Modules::new(self.modprobe, self.join_duplicates),
            events: Events::new(self.uevent_helper),
            program: self.program,
        }));
        gate::enable(&processes);
        Umh(processes)
    }
}
