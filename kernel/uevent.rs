// SPDX-License-Identifier: GPL-2.0-only

//! The uevent helper: the last part of `kobject_uevent_env()` in
//! `lib/kobject_uevent.c`.

use crate::host::{CONFIGURED, Linux};
use crate::linux::export::declared;
use crate::linux::subprocess_info::SubprocessInfo;
use crate::linux::uevent_env::{self, Env};
use core::ffi::CStr;
use core::ptr::NonNull;
use kernel::bindings::{self, kobj_uevent_env, kobject};
use kernel::ffi::{c_char, c_int};
use umh_core::uevent::{Helper, call_helper};

/// Calls the helper, if there is one for this object. `retval` is what telling
/// the sockets came to, which stays the result where no helper is called.
///
/// # Safety
///
/// As `kobject_uevent_env()` has them at that point; `env` is ours from here.
#[no_mangle]
pub(crate) unsafe extern "C" fn umh_uevent_helper(
    kobj: *mut kobject,
    subsystem: *const c_char,
    env: *mut kobj_uevent_env,
    retval: c_int,
) -> c_int {
    // SAFETY: Says the caller.
    let subsystem = unsafe { CStr::from_ptr(subsystem.cast()) }.to_bytes();
    // SAFETY: Not NULL, says the caller.
    let env = unsafe { Env::from_raw(NonNull::new_unchecked(env)) };
    // SAFETY: Says the caller.
    let is_initial = || unsafe { bindings::umh_is_initial_namespace(kobj) };
    match call_helper(&Linux::HOST, subsystem, is_initial, env) {
        None => retval,
        Some(Ok(())) => 0,
        Some(Err(errno)) => errno.to_retval(),
    }
}
declared!(umh_uevent_helper);

impl Helper for Linux {
    type Variables = Env;

    fn has_helper(&self) -> bool {
        uevent_env::has_helper()
    }

    fn uevent_helper(&self, subsystem: &[u8], variables: Env) -> Option<SubprocessInfo> {
        variables.setup(subsystem, CONFIGURED)
    }
}
