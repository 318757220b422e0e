// SPDX-License-Identifier: MIT OR Apache-2.0

//! The flow of one call, top to bottom.
//!
//! `kernel/umh.c`: [`exec`] is `call_usermodehelper_exec`, [`work`] is
//! `call_usermodehelper_exec_work` (with `_exec_sync`), [`become_helper`] is
//! `call_usermodehelper_exec_async`, [`complete`] is `umh_complete`.
//!
//! # What comes of a call
//!
//! | situation | [`Wait::NO`] | [`Wait::EXEC`] | [`Wait::PROC`] |
//! | --- | --- | --- | --- |
//! | no memory for it ([`call`]) | `ENOMEM` | `ENOMEM` | `ENOMEM` |
//! | no path | `EINVAL` | `EINVAL` | `EINVAL` |
//! | helpers disabled or freezing | `EBUSY` | `EBUSY` | `EBUSY` |
//! | the path is empty | 0 | 0 | 0 |
//! | no worker (not on Linux) | the error | the error | the error |
//! | no process | 0 | the error | the error |
//! | no credentials | 0 | `ENOMEM` | `ENOMEM` |
//! | `init` says no | 0 | its value | its value |
//! | the program cannot be run | 0 | the error | the error |
//! | the process is killed before the program | 0 | `ERESTARTNOHAND` | its wait status |
//! | the program runs | 0 | 0, at once | its wait status, at its end |
//! | the caller is killed ([`Wait::KILLABLE`]) | - | `ERESTARTSYS`; the helper goes on | the same |
//!
//! The order is part of the contract: no path before disabled, disabled before
//! the empty path.

use crate::call::{Call as _, Memory, Path};
use crate::caps::Which;
use crate::errno::Errno;
use crate::gate;
use crate::handoff::Turn;
use crate::host::{Completer as _, Cred as _, Finished, Host, Job, Reaped, Task, Waiter as _};
use crate::wait::{Retval, Status, Wait};

/// Sets a call up and makes it: for a caller without `init` or cleanup.
#[doc(alias = "call_usermodehelper")]
pub fn call<H: Host>(
    host: &H,
    setup: impl FnOnce(Memory) -> Option<H::Call>,
    wait: Wait,
) -> Result<Status, Errno> {
    let memory = if wait.is_no() {
        Memory::Atomic
    } else {
        Memory::Kernel
    };
    exec(host, setup(memory).ok_or(Errno::ENOMEM)?, wait)
}

/// Makes a call. It is freed in every case: now, or by whoever has it last.
#[doc(alias = "call_usermodehelper_exec")]
pub fn exec<H: Host>(host: &H, call: H::Call, wait: Wait) -> Result<Status, Errno> {
    if call.path() == Path::Null {
        return Err(Errno::EINVAL);
    }
    // Counted while in here, whatever happens: who disables helpers waits for
    // us. The call is freed before the count goes down again.
    let _running = gate::enter(host);
    counted(host, call, wait)
}

fn counted<H: Host>(host: &H, mut call: H::Call, wait: Wait) -> Result<Status, Errno> {
    if !is_to_run(host, &call)? {
        return Ok(Status::SUCCESS);
    }

    if wait.is_no() {
        let job = Job {
            call,
            wait,
            completer: None,
        };
        let queued = host.queue(job).map_err(|(errno, _unstarted)| errno);
        return queued.map(|()| Status::SUCCESS);
    }

    let (mut waiter, completer) = host.rendezvous(&mut call);
    let job = Job {
        call,
        wait,
        completer: Some(completer),
    };
    if let Err((errno, _unstarted)) = host.queue(job) {
        return Err(errno);
    }

    let finished = if wait.is_killable() {
        match waiter.wait_killable(wait.is_freezable()) {
            Ok(finished) => finished,
            Err(errno) => match waiter.handoff().come() {
                // The worker will find nobody here and free the call.
                Turn::First => return Err(errno),
                // The call is on its way back, and there is nobody else to
                // take it: wait on. It will not be long.
                Turn::Second => waiter.wait(wait.is_freezable()),
            },
        }
    } else {
        waiter.wait(wait.is_freezable())
    };
    let Finished { call, retval } = finished;
    drop(call);
    retval.into_result()
}

/// Looks at the gate, then at the path: whether there is a program to run. For
/// [`exec`], and for a host whose callers wait in other ways than
/// [`Waiter`](crate::host::Waiter); it counts them by [`gate::enter`] first.
pub fn is_to_run<H: Host>(host: &H, call: &H::Call) -> Result<bool, Errno> {
    if host.gate().is_closed() {
        return Err(Errno::EBUSY);
    }
    // The way to switch a caller off, or with CONFIG_STATIC_USERMODEHELPER all
    // of them.
    Ok(call.path() != Path::Empty)
}

/// A worker's part: starts the helper, and waits for its end if its caller
/// does. Runs where [`Host::queue`] takes it.
#[doc(alias = "call_usermodehelper_exec_work")]
#[doc(alias = "call_usermodehelper_exec_sync")]
#[doc(alias = "__call_usermodehelper")]
#[doc(alias = "wait_for_helper")]
pub fn work<H: Host>(host: &H, job: Job<H>) {
    if job.wait.is_proc() {
        match host.spawn(job) {
            Ok(process) => {
                let Reaped {
                    job,
                    retval,
                    status,
                } = host.wait(process);
                complete(job, retval.ended(status));
            }
            Err((errno, job)) => complete(job, errno.into()),
        }
    } else if let Err((errno, job)) = host.detach(job) {
        // Otherwise the job went with the process.
        complete(job, errno.into());
    }
}

/// Inside the new process: from a copy of the worker to the program. What it
/// gives is the call's value, unless the program's own end makes another.
#[doc(alias = "call_usermodehelper_exec_async")]
#[doc(alias = "____call_usermodehelper")]
pub fn become_helper<H: Host>(host: &H, task: &mut H::Task, call: &mut H::Call) -> Retval {
    task.default_signals();
    task.set_umask(0o022);
    // A worker may run with raised priority.
    task.set_nice(0);

    let mut cred = match task.prepare_creds() {
        Ok(cred) => cred,
        Err(errno) => return errno.into(),
    };
    let bounds = host.bounds();
    cred.narrow(bounds.read(Which::Bset), bounds.read(Which::Inheritable));
    let said = call.init(&mut cred);
    if said != Retval::SUCCESS {
        return said;
    }
    if let Err(errno) = task.commit_creds(cred) {
        return errno.into();
    }

    task.wait_for_initramfs();
    match task.execve(call) {
        Ok(()) => Retval::SUCCESS,
        Err(errno) => errno.into(),
    }
}

/// The end of a worker's part: gives the call back to whoever waits for it,
/// and frees it if nobody does, or not any more.
#[doc(alias = "umh_complete")]
pub fn complete<H: Host>(job: Job<H>, retval: Retval) {
    let Job {
        call, completer, ..
    } = job;
    let Some(completer) = completer else {
        return;
    };
    match completer.handoff().come() {
        Turn::First => completer.complete(Finished { call, retval }),
        // The caller was killed and is gone.
        Turn::Second => drop(call),
    }
}
