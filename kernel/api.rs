// SPDX-License-Identifier: GPL-2.0-only

//! The functions that C calls: `include/linux/umh.h`, `kernel/umh.c`.

use crate::host::{CONFIGURED, Linux};
use crate::linux::export::{declared, export};
use crate::linux::statics::SEM;
use crate::linux::subprocess_info::{Cleanup, Init, Setup, SubprocessInfo};
use core::mem::forget;
use core::ptr::null_mut;
use kernel::bindings::{self, gfp_t, subprocess_info, umh_disable_depth};
use kernel::ffi::{c_char, c_int, c_long, c_void};
use umh_core::call::{Memory, program};
use umh_core::errno::Errno;
use umh_core::gate::{self, Depth};
use umh_core::host::Jiffies;
use umh_core::wait::{Retval, Status, Wait};

/// Makes a call; NULL if there is no memory.
///
/// # Safety
///
/// `path`, `argv`, `envp` and `data` stay until `cleanup`, and are what
/// execve(2) takes.
#[no_mangle]
pub(crate) unsafe extern "C" fn call_usermodehelper_setup(
    path: *const c_char,
    argv: *mut *mut c_char,
    envp: *mut *mut c_char,
    gfp_mask: gfp_t,
    init: Option<Init>,
    cleanup: Option<Cleanup>,
    data: *mut c_void,
) -> *mut subprocess_info {
    let setup = Setup {
        path: program(Some(path), CONFIGURED).unwrap_or(path),
        argv,
        envp,
        init,
        cleanup,
        data,
    };
    // SAFETY: Says the caller.
    let call = unsafe { SubprocessInfo::new(setup, gfp_mask) };
    call.map_or(null_mut(), SubprocessInfo::into_raw)
}
export!(call_usermodehelper_setup);

/// Makes the call that was set up, and frees it in every case.
///
/// # Safety
///
/// `info` is from [`call_usermodehelper_setup`] and not used again.
#[no_mangle]
pub(crate) unsafe extern "C" fn call_usermodehelper_exec(
    info: *mut subprocess_info,
    wait: c_int,
) -> c_int {
    // SAFETY: Says the caller.
    let call = unsafe { SubprocessInfo::from_raw(info) };
    answer(umh_core::exec::exec(&Linux::HOST, call, wait_of(wait)))
}
export!(call_usermodehelper_exec);

/// Both at once.
///
/// # Safety
///
/// As [`call_usermodehelper_setup`]: nobody is told when the words may go, so
/// they stay until the helper runs, or for ever.
#[no_mangle]
pub(crate) unsafe extern "C" fn call_usermodehelper(
    path: *const c_char,
    argv: *mut *mut c_char,
    envp: *mut *mut c_char,
    wait: c_int,
) -> c_int {
    let setup = |memory| {
        let setup = Setup {
            path: program(Some(path), CONFIGURED).unwrap_or(path),
            argv,
            envp,
            init: None,
            cleanup: None,
            data: null_mut(),
        };
        let gfp = match memory {
            Memory::Kernel => bindings::GFP_KERNEL,
            Memory::Atomic => bindings::GFP_ATOMIC,
        };
        // SAFETY: Says the caller.
        unsafe { SubprocessInfo::new(setup, gfp) }
    };
    answer(umh_core::exec::call(&Linux::HOST, setup, wait_of(wait)))
}
export!(call_usermodehelper);

/// Keeps helpers enabled until [`usermodehelper_read_unlock`]; `-EAGAIN` while
/// they are disabled.
///
/// # Safety
///
/// The calling task may sleep.
#[no_mangle]
pub(crate) unsafe extern "C" fn usermodehelper_read_trylock() -> c_int {
    match gate::read_trylock(&Linux::HOST) {
        Ok(read) => {
            forget(read);
            0
        }
        Err(errno) => errno.to_retval(),
    }
}
export!(usermodehelper_read_trylock, "GPL");

/// The same, but waits; what is left of the time, with the lock, or 0 without.
///
/// # Safety
///
/// The calling task may sleep.
#[no_mangle]
pub(crate) unsafe extern "C" fn usermodehelper_read_lock_wait(timeout: c_long) -> c_long {
    match gate::read_lock_wait(&Linux::HOST, timeout as Jiffies) {
        // In C this is 0 with the lock held, which no caller would give back.
        Ok(Some((read, left))) if left != 0 => {
            forget(read);
            left as c_long
        }
        // In C an open gate and no time are 0 *with* the lock, which no caller
        // would give back.
        Ok(_) => 0,
        Err(errno) => errno.to_retval() as c_long,
    }
}
export!(usermodehelper_read_lock_wait, "GPL");

/// # Safety
///
/// The calling task has the lock from one of the two above.
#[no_mangle]
pub(crate) unsafe extern "C" fn usermodehelper_read_unlock() {
    // SAFETY: Says the caller.
    unsafe { SEM.unlock_read() };
}
export!(usermodehelper_read_unlock, "GPL");

/// Sets the depth and waits, for five seconds at most, for callers inside.
///
/// # Safety
///
/// The calling task may sleep.
#[no_mangle]
pub(crate) unsafe extern "C" fn __usermodehelper_disable(depth: umh_disable_depth) -> c_int {
    let disabled = gate::disable(&Linux::HOST, depth_of(depth));
    answer(disabled.map(|()| Status::SUCCESS))
}
declared!(__usermodehelper_disable);

/// Sets the depth.
///
/// # Safety
///
/// The calling task may sleep.
#[no_mangle]
pub(crate) unsafe extern "C" fn __usermodehelper_set_disable_depth(depth: umh_disable_depth) {
    gate::set_depth(&Linux::HOST, depth_of(depth));
}
declared!(__usermodehelper_set_disable_depth);

fn answer(result: Result<Status, Errno>) -> c_int {
    Retval::of(result).as_raw()
}

fn wait_of(wait: c_int) -> Wait {
    Wait::from_bits(wait as u32)
}

fn depth_of(depth: umh_disable_depth) -> Depth {
    match depth {
        bindings::umh_disable_depth_UMH_ENABLED => Depth::Enabled,
        bindings::umh_disable_depth_UMH_FREEZING => Depth::Freezing,
        _ => Depth::Disabled,
    }
}
