// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a host lends to the engine: a trait of primitives, one to one.
//!
//! The core has no thread, clock or allocator. [`Host`] is what it needs of
//! them to make a call, [`Task`] what it needs inside the new process. The
//! modules that make particular calls ask for a little more, each in a trait
//! of its own beside its flow (`Kmod`, `Uevents`, `Files`).
//!
//! # The same trait on two hosts
//!
//! Checked line by line before it was filled in, against Linux 6.12 and 7.2
//! (`kernel/umh.c`) and against processes and threads (the crate `umh`):
//!
//! | here | Linux | processes and threads |
//! | --- | --- | --- |
//! | [`Host::Call`], dropped | owned `subprocess_info *`; `call_usermodehelper_freeinfo` | a box with the words and the two closures |
//! | [`Host::rendezvous`] | `init_completion` of a completion that lies with the info, `info->complete` | an `Arc` of a slot under a mutex, with a condition variable |
//! | [`Host::queue`] | the job's parts into `info->wait`, `info->complete`; `queue_work(system_unbound_wq)`, 7.2 `system_dfl_wq`; never fails | push to a queue of threads, or run at once for a caller that could only wait; fails where the queue is full or no thread can be made |
//! | [`Host::spawn`] | SIGCHLD of the kworker to `SIG_DFL`, `user_mode_thread(.., SIGCHLD)` | `clone3(CLONE_VM \| CLONE_VFORK \| CLONE_PIDFD)` |
//! | [`Host::wait`] | `kernel_wait`, SIGCHLD to `SIG_IGN` | `waitid(P_PIDFD)` |
//! | [`Host::detach`] | `user_mode_thread(.., CLONE_PARENT \| SIGCHLD)`: kthreadd reaps it | the same clone3; a thread of the host reaps it |
//! | [`Waiter::wait`], [`Waiter::wait_killable`] | `wait_for_completion_state`, with `TASK_KILLABLE` | condition variable; a cancel token or a time limit is the fatal signal |
//! | [`Completer::complete`] | `complete()` | fill the slot, notify |
//! | [`Host::down_read`], [`Host::down_write`] | `umhelper_sem`; the guard's drop is `up_*` | `RwLock` |
//! | [`Host::prepare_to_wait`], [`Prepared`] | number of wake-ups so far, then `prepare_to_wait`, `schedule_timeout`, `finish_wait`: an entry in a queue may not move | number of wake-ups so far, then condition variable |
//! | [`Host::wake_up`] | `wake_up` | raise that number, notify all |
//! | [`Host::HZ`] | `HZ` | 1000 |
//! | [`Task::default_signals`] | `flush_signal_handlers(current, 1)` under siglock | every action to default, empty mask |
//! | [`Task::set_umask`], [`Task::set_nice`] | `current->fs->umask`, `set_user_nice` | umask(2), setpriority(2) |
//! | [`Task::prepare_creds`] and [`Cred`]'s drop | `prepare_kernel_cred(current)`, `abort_creds` | the process's own sets; nothing to undo |
//! | [`Task::commit_creds`] | `commit_creds`; never fails | `PR_CAPBSET_DROP`, capset(2); may fail |
//! | [`Task::wait_for_initramfs`] | `wait_for_initramfs` | nothing |
//! | [`Task::execve`] | `kernel_execve`; returns 0 and the task goes on to user mode | execve(2); returns only on failure |
//!
//! What the check changed in the shape:
//!
//! - *A call is owned, not shared.* In C both sides hold a pointer and an
//!   exchange says who frees. Here the call travels: to the worker in a
//!   [`Job`], back in [`Finished`]. A double free cannot be written down, and
//!   the exchange only decides whether there is still somebody to send it back
//!   to. On Linux the value that travels *is* the one pointer.
//! - *[`Completer`] is made from the call* (`&mut`), so that Linux needs no
//!   second allocation and no value that may not move: the completion lies in
//!   the call's memory. `complete()` is done with it before the waiter can
//!   take the lock that it wakes under, which is what makes completions on a
//!   stack right too.
//! - *Starting and waiting are two primitives, and what lies between owns the
//!   job* ([`Host::Process`]): on Linux the child writes to the same info.
//! - *Who ends an unwaited call differs.* A Linux child survives its own
//!   execve(2) in the kernel and completes the call itself; a process is gone
//!   by then, and its maker, whom vfork(2) semantics wake at that moment, does
//!   it. [`Host::detach`] therefore promises only that one of them does.
//! - *Two primitives fail in user space that cannot in Linux*
//!   ([`Host::queue`], [`Task::commit_creds`]); Linux returns `Ok`.
//! - *Time is in ticks*, because the read lock's callers in C give jiffies and
//!   get jiffies back.
//! - *What a helper must not inherit* is no primitive: a child of a kernel
//!   thread has no files, session or mask to shed. A process's host sheds them
//!   in the new task before it calls `become_helper`.

use crate::call::Call;
use crate::caps::{Bounds, CapSet};
use crate::errno::Errno;
use crate::gate::Gate;
use crate::handoff::Handoff;
use crate::wait::{Retval, Status, Wait};

/// A span of time in the host's ticks ([`Host::HZ`]). Linux's `long` of
/// jiffies: the largest value is "for ever".
pub type Jiffies = i64;

/// No limit: `MAX_SCHEDULE_TIMEOUT`.
pub const FOREVER: Jiffies = Jiffies::MAX;

/// What the engine runs on.
pub trait Host: Sized {
    /// Ticks a second.
    const HZ: Jiffies;

    /// A call in the host's memory. Dropping it runs its cleanup, once, and
    /// gives the memory back.
    type Call: Call<Cred = <Self::Task as Task>::Cred>;
    /// The new process, seen from inside.
    type Task: Task<Call = Self::Call>;
    /// A started process that owns its job until somebody has waited for it.
    type Process;
    /// The caller's end of a call that somebody waits for.
    type Waiter: Waiter<Self>;
    /// The worker's end.
    type Completer: Completer<Self>;
    /// Holds the lock on the depth for read, until dropped.
    type Read<'a>
    where
        Self: 'a;
    /// Holds it for write.
    type Write<'a>
    where
        Self: 'a;
    /// A place in a wait queue, left when dropped.
    type Prepared<'a>: Prepared
    where
        Self: 'a;

    /// The lock against suspend and shutdown.
    fn gate(&self) -> &Gate;
    /// The bounds of the capabilities of helpers.
    fn bounds(&self) -> &Bounds;

    /// Makes the two ends for a call that somebody waits for.
    fn rendezvous(&self, call: &mut Self::Call) -> (Self::Waiter, Self::Completer);
    /// Has [`exec::work`](crate::exec::work) run with `job`, elsewhere, soon.
    fn queue(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)>;
    /// Starts a process in which
    /// [`exec::become_helper`](crate::exec::become_helper) runs with the job's
    /// call, as a child of the running worker.
    fn spawn(&self, job: Job<Self>) -> Result<Self::Process, (Errno, Job<Self>)>;
    /// Waits for the end of a process, however long.
    fn wait(&self, process: Self::Process) -> Reaped<Self>;
    /// Starts a process as [`Host::spawn`] does, but nobody's child. Its
    /// result goes to [`exec::complete`](crate::exec::complete) with the job:
    /// from the new process, or from this side where an execve(2) that
    /// succeeds leaves nobody there to do it.
    fn detach(&self, job: Job<Self>) -> Result<(), (Errno, Job<Self>)>;

    /// Takes the lock on the depth for read.
    fn down_read(&self) -> Self::Read<'_>;
    /// Takes the lock on the depth for write.
    fn down_write(&self) -> Self::Write<'_>;
    /// Joins a wait queue: a wake-up from now on is not missed, also before
    /// the first [`Prepared::schedule_timeout`].
    fn prepare_to_wait(&self, queue: Queue, state: State) -> Self::Prepared<'_>;
    /// Wakes all in a wait queue. A full barrier, as is
    /// [`Host::prepare_to_wait`]: of a change and a look at it on both sides,
    /// one side sees the other's.
    fn wake_up(&self, queue: Queue);
    /// Stops here while the system is frozen: `try_to_freeze()`.
    fn try_to_freeze(&self);
}

/// A call on its way to a worker.
///
/// A host whose queue takes pointers keeps the parts in the call's own memory
/// and puts them together again: Linux in `subprocess_info.wait` and
/// `.complete`.
pub struct Job<H: Host> {
    /// The call, which the holder of the job owns.
    pub call: H::Call,
    /// What its caller waits for.
    pub wait: Wait,
    /// Where the result goes; `None` if nobody waits.
    pub completer: Option<H::Completer>,
}

/// A call that came back.
pub struct Finished<H: Host> {
    /// The call, for its caller to drop.
    pub call: H::Call,
    /// What it came to.
    pub retval: Retval,
}

/// A process that ended.
pub struct Reaped<H: Host> {
    /// The job that it owned.
    pub job: Job<H>,
    /// What [`exec::become_helper`](crate::exec::become_helper) said inside.
    pub retval: Retval,
    /// How the process ended.
    pub status: Status,
}

/// The caller's end.
pub trait Waiter<H: Host> {
    /// The word of this call.
    fn handoff(&self) -> &Handoff;
    /// Waits until the call comes back; nothing ends the wait. The caller may
    /// be frozen meanwhile if `freezable`.
    fn wait(self, freezable: bool) -> Finished<H>;
    /// The same, but a fatal signal ends it, with an error.
    fn wait_killable(&mut self, freezable: bool) -> Result<Finished<H>, Errno>;
}

/// The worker's end.
pub trait Completer<H: Host> {
    /// The word of this call.
    fn handoff(&self) -> &Handoff;
    /// Gives the call back and wakes the caller.
    fn complete(self, finished: Finished<H>);
}

/// The new process, seen from inside, before it becomes the helper.
pub trait Task {
    /// As [`Host::Call`].
    type Call;
    /// Credentials in preparation; dropped if they are not to be used.
    type Cred: Cred;

    /// Every signal's action to the default, also those that were ignored;
    /// nothing blocked.
    fn default_signals(&mut self);
    /// Sets the file mode creation mask.
    fn set_umask(&mut self, mask: u32);
    /// Sets the scheduling priority.
    fn set_nice(&mut self, nice: i32);
    /// A copy of root's credentials, without keyrings.
    fn prepare_creds(&mut self) -> Result<Self::Cred, Errno>;
    /// Takes the credentials on.
    fn commit_creds(&mut self, cred: Self::Cred) -> Result<(), Errno>;
    /// Waits until the initial file system is unpacked.
    fn wait_for_initramfs(&mut self);
    /// Becomes the program. Whether success returns is the host's nature.
    fn execve(&mut self, call: &mut Self::Call) -> Result<(), Errno>;
}

/// Credentials in preparation.
pub trait Cred {
    /// Intersects the bounding and the inheritable set with these.
    fn narrow(&mut self, bset: CapSet, inheritable: CapSet);
}

/// The engine's wait queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// `running_helpers_waitq`: for the last caller to leave.
    Running,
    /// `usermodehelper_disabled_waitq`: for another depth.
    Depth,
    /// For the first of several requests for one module.
    Duplicates,
}

/// How a task sleeps in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `TASK_INTERRUPTIBLE`: a signal wakes it.
    Interruptible,
    /// `TASK_UNINTERRUPTIBLE`.
    Uninterruptible,
    /// `TASK_KILLABLE`: a fatal signal wakes it, and says so.
    Killable,
}

/// A place in a wait queue.
pub trait Prepared {
    /// Sleeps until woken since the place was taken, at most `timeout` ticks;
    /// what is left of them. An error only in [`State::Killable`], if a fatal
    /// signal is pending.
    fn schedule_timeout(&mut self, timeout: Jiffies) -> Result<Jiffies, Errno>;
}
