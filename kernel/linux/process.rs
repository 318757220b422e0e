// SPDX-License-Identifier: GPL-2.0-only

//! Workers, and the processes that they start.
//!
//! C headers: `include/linux/workqueue.h`, `include/linux/sched/task.h`.

use super::cred::Cred;
use super::subprocess_info::{SubprocessInfo, pack, unpack};
use super::to_result;
use super::version::UNBOUND;
use crate::host::Linux;
use core::mem::{ManuallyDrop, offset_of};
use kernel::bindings;
use kernel::ffi::{c_int, c_long, c_ulong, c_void};
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::host::{Job, Reaped, Task};
use umh_core::wait::{Retval, Status};

/// `queue_work()`
pub(crate) fn queue(job: Job<Linux>) {
    let info = pack(job);
    let cpu = bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int;
    // SAFETY: It was never queued before, so it is now; `work` takes it.
    unsafe { bindings::queue_work_on(cpu, UNBOUND, &mut (*info).work) };
}

/// What a worker does with a call.
///
/// # Safety
///
/// `work` is that of a call that [`queue`] queued.
pub(crate) unsafe extern "C" fn work(work: *mut bindings::work_struct) {
    // SAFETY: It is a field of a `subprocess_info`, says the caller.
    let info = unsafe { work.byte_sub(offset_of!(bindings::subprocess_info, work)) };
    // SAFETY: `queue` packed it, for us.
    exec::work(&Linux::HOST, unsafe { unpack(info.cast()) });
}

/// A child of this worker, which owns its job.
pub(crate) struct Process {
    pid: bindings::pid_t,
    job: Job<Linux>,
}

impl Process {
    /// `user_mode_thread()`
    pub(crate) fn spawn(job: Job<Linux>) -> Result<Self, (Errno, Job<Linux>)> {
        // Where it is ignored, the end of a child leaves no status.
        take_children(true);
        let info = job.call.as_ptr();
        let flags = bindings::SIGCHLD;
        match to_result(start(child, info, flags)) {
            Ok(pid) => Ok(Self { pid, job }),
            Err(errno) => {
                take_children(false);
                Err((errno, job))
            }
        }
    }

    /// `kernel_wait()`
    pub(crate) fn wait(self) -> Reaped<Linux> {
        let mut status: c_int = 0;
        // SAFETY: The child is ours, and nobody else waits for it.
        unsafe { bindings::kernel_wait(self.pid, &mut status) };
        take_children(false);
        let retval = self.job.call.retval();
        Reaped {
            job: self.job,
            retval,
            status: Status::new(status).unwrap_or(Status::SUCCESS),
        }
    }
}

/// Starts a child of kthreadd, which always ignores SIGCHLD, so that nobody
/// need reap it. The job goes with it.
pub(crate) fn detach(job: Job<Linux>) -> Result<(), (Errno, Job<Linux>)> {
    let info = pack(job);
    let flags = bindings::CLONE_PARENT | bindings::SIGCHLD;
    match to_result(start(detached, info, flags)) {
        Ok(_pid) => Ok(()),
        // SAFETY: No child was started that could take it.
        Err(errno) => Err((errno, unsafe { unpack(info) })),
    }
}

type Body = unsafe extern "C" fn(*mut c_void) -> c_int;

fn start(body: Body, info: *mut bindings::subprocess_info, flags: u32) -> bindings::pid_t {
    // SAFETY: The body takes the call that it is given.
    unsafe { bindings::user_mode_thread(Some(body), info.cast(), flags as c_ulong) }
}

/// # Safety
///
/// `info` is a call whose owner waits for the end of this task.
unsafe extern "C" fn child(info: *mut c_void) -> c_int {
    // SAFETY: Its owner waits, and does not look at it meanwhile.
    let call = unsafe { SubprocessInfo::from_raw(info.cast()) };
    let mut call = ManuallyDrop::new(call);
    let retval = exec::become_helper(&Linux::HOST, &mut CurrentTask(()), &mut call);
    call.set_retval(retval);
    end(retval)
}

/// # Safety
///
/// `info` is from [`pack`], for this task.
unsafe extern "C" fn detached(info: *mut c_void) -> c_int {
    // SAFETY: Says the caller.
    let mut job = unsafe { unpack(info.cast()) };
    let retval = exec::become_helper(&Linux::HOST, &mut CurrentTask(()), &mut job.call);
    exec::complete(job, retval);
    end(retval)
}

/// Into user mode, or away: the status 0 leaves the call's own value in place.
fn end(retval: Retval) -> c_int {
    if retval == Retval::SUCCESS {
        return 0;
    }
    // SAFETY: Nothing on this stack is still to be dropped.
    unsafe { bindings::do_exit(0) }
}

/// Whether this worker's children leave a status when they end.
fn take_children(take: bool) {
    // `SIG_DFL` is 0 and `SIG_IGN` 1.
    let handler = usize::from(!take);
    // SAFETY: A handler is an address or one of these numbers; 0 is `None`.
    let handler = unsafe { core::mem::transmute::<usize, bindings::__sighandler_t>(handler) };
    // SAFETY: One of the two handlers that every task may set.
    unsafe { bindings::kernel_sigaction(bindings::SIGCHLD as c_int, handler) };
}

/// `try_to_freeze()`
pub(crate) fn try_to_freeze() {
    // SAFETY: This task may sleep.
    unsafe { bindings::umh_try_to_freeze() };
}

/// The new process, seen from inside. Only its own first function makes one.
pub(crate) struct CurrentTask(());

impl Task for CurrentTask {
    type Call = SubprocessInfo;
    type Cred = Cred;

    fn default_signals(&mut self) {
        // SAFETY: Of the task that calls.
        unsafe { bindings::umh_default_signals() };
    }

    fn set_umask(&mut self, mask: u32) {
        // SAFETY: A new task shares its `fs` with nobody (no CLONE_FS).
        unsafe { (*(*bindings::get_current()).fs).umask = mask as c_int };
    }

    fn set_nice(&mut self, nice: i32) {
        // SAFETY: Of the task that calls.
        unsafe { bindings::set_user_nice(bindings::get_current(), nice as c_long) };
    }

    fn prepare_creds(&mut self) -> Result<Cred, Errno> {
        Cred::prepare()
    }

    fn commit_creds(&mut self, cred: Cred) -> Result<(), Errno> {
        cred.commit();
        Ok(())
    }

    fn wait_for_initramfs(&mut self) {
        #[cfg(CONFIG_BLK_DEV_INITRD)]
        // SAFETY: This task may sleep.
        unsafe {
            bindings::wait_for_initramfs()
        };
    }

    fn execve(&mut self, call: &mut SubprocessInfo) -> Result<(), Errno> {
        call.execve()
    }
}
