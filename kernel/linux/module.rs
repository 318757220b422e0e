// SPDX-License-Identifier: GPL-2.0-only

//! What module loading asks of the rest of the kernel, and its sysctl.
//!
//! C headers: `include/linux/kmod.h`, `include/linux/security.h`.

use core::cell::UnsafeCell;
use core::ptr::addr_of;
use kernel::bindings;
use kernel::ffi::{c_char, c_ulong};
use umh_abi::modprobe::NAME_MAX;
use umh_core::host::Jiffies;
use umh_core::request_module::{BUSY_TIMEOUT_SECONDS, CONCURRENT_MAX, Name};
use umh_core::wait::Retval;

/// The sysctl `kernel.modprobe`, which its handler writes and everybody reads
/// without a lock.
#[repr(transparent)]
pub(crate) struct ModprobePath(UnsafeCell<[u8; PATH_LEN]>);

// SAFETY: Single bytes, the last of which stays 0: a reader may see a mixture
// of two settings, as in C, and never more than the array.
unsafe impl Sync for ModprobePath {}

/// The setting, by the name under which C knows it.
#[no_mangle]
#[allow(non_upper_case_globals)]
static modprobe_path: ModprobePath = ModprobePath(UnsafeCell::new(initial()));

/// The bytes of a setting that end in NUL.
pub(crate) const PATH_LEN: usize = bindings::KMOD_PATH_LEN as usize;

/// Looks at the setting as it is now.
pub(crate) fn setting<R>(look: impl FnOnce(&[u8]) -> R) -> R {
    // SAFETY: Bytes for ever; see `ModprobePath`.
    let bytes = unsafe { modprobe_path.0.get().read_volatile() };
    let length = bytes.iter().position(|byte| *byte == 0);
    look(length.and_then(|length| bytes.get(..length)).unwrap_or(&[]))
}

/// Whether the setting is empty.
pub(crate) fn is_off() -> bool {
    // SAFETY: As `setting`.
    unsafe { modprobe_path.0.get().cast::<u8>().read_volatile() == 0 }
}

/// `security_kernel_module_request()`
pub(crate) fn security_request(name: Name<'_>) -> Retval {
    // SAFETY: It ends in NUL.
    Retval::from_raw(unsafe { bindings::umh_security_request(c_name(name).as_mut_ptr()) })
}

/// `current_is_async()`
pub(crate) fn is_async_worker() -> bool {
    // SAFETY: A look at the task that calls.
    unsafe { bindings::current_is_async() }
}

/// `WARN_ON_ONCE()`
pub(crate) fn warn_async() {
    // SAFETY: No argument.
    unsafe { bindings::umh_warn_async() };
}

/// The warning of a request that found no slot, at a limited rate.
pub(crate) fn warn_busy(name: Name<'_>) {
    let (slots, seconds) = (CONCURRENT_MAX as u32, BUSY_TIMEOUT_SECONDS as u32);
    // SAFETY: It ends in NUL.
    unsafe { bindings::umh_warn_busy(c_name(name).as_ptr(), slots, seconds) };
}

/// `trace_module_request()`
pub(crate) fn trace_request(name: Name<'_>, wait: bool, caller: usize) {
    // SAFETY: It ends in NUL.
    unsafe { bindings::umh_trace_request(c_name(name).as_mut_ptr(), wait, caller as c_ulong) };
}

/// `jiffies`
pub(crate) fn jiffies() -> Jiffies {
    // SAFETY: A word that the timer's interrupt writes.
    unsafe { addr_of!(bindings::jiffies).read_volatile() as Jiffies }
}

/// The name as C wants it.
fn c_name(name: Name<'_>) -> [c_char; NAME_MAX + 1] {
    let mut room = [0; NAME_MAX + 1];
    for (to, from) in room.iter_mut().zip(name.as_bytes()) {
        *to = *from as c_char;
    }
    room
}

/// `CONFIG_MODPROBE_PATH`, and zeros.
const fn initial() -> [u8; PATH_LEN] {
    let mut path = [0; PATH_LEN];
    let mut at = 0;
    while at < bindings::CONFIG_MODPROBE_PATH.len() {
        path[at] = bindings::CONFIG_MODPROBE_PATH[at];
        at += 1;
    }
    path
}
