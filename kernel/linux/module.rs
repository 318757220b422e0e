// SPDX-License-Identifier: GPL-2.0-only

//! What module loading asks of the rest of the kernel, and its sysctl.
//!
//! C headers: `include/linux/kmod.h`, `include/linux/security.h`.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::addr_of;
use core::slice;
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

/// The bytes of a setting that end in NUL: `KMOD_PATH_LEN`, in 7.2 a header of
/// `kernel/module/` has it, so `glue.c` holds this number against it.
pub(crate) const PATH_LEN: usize = 256;

/// Looks at the setting as it is now.
pub(crate) fn setting<R>(look: impl FnOnce(&[u8]) -> R) -> R {
    let mut copy = MaybeUninit::<[u8; PATH_LEN]>::uninit();
    let (to, from) = (copy.as_mut_ptr().cast(), modprobe_path.0.get().cast());
    // SAFETY: Both have that size; a writer changes single bytes of the one,
    // whose last stays NUL, as for callers in C.
    let length = unsafe { bindings::sized_strscpy(to, from, PATH_LEN) };
    // An error would say that there is no NUL.
    let length = usize::try_from(length).unwrap_or(0);
    // SAFETY: So many were written.
    look(unsafe { slice::from_raw_parts(copy.as_ptr().cast(), length) })
}

/// Whether the setting is empty.
pub(crate) fn is_off() -> bool {
    // SAFETY: As `setting`.
    unsafe { modprobe_path.0.get().cast::<u8>().read_volatile() == 0 }
}

/// `security_kernel_module_request()`
pub(crate) fn security_request(name: Name<'_>) -> Retval {
    // SAFETY: It ends in NUL.
    let said = as_c_name(name, |name| unsafe { bindings::umh_security_request(name) });
    Retval::from_raw(said)
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
    as_c_name(name, |name| unsafe {
        bindings::umh_warn_busy(name, slots, seconds)
    });
}

/// `trace_module_request()`
pub(crate) fn trace_request(name: Name<'_>, wait: bool, caller: usize) {
    // SAFETY: No argument.
    if !unsafe { bindings::umh_trace_request_enabled() } {
        return;
    }
    let caller = caller as c_ulong;
    // SAFETY: It ends in NUL.
    as_c_name(name, |name| unsafe {
        bindings::umh_trace_request(name, wait, caller)
    });
}

/// `jiffies`
pub(crate) fn jiffies() -> Jiffies {
    // SAFETY: A word that the timer's interrupt writes.
    unsafe { addr_of!(bindings::jiffies).read_volatile() as Jiffies }
}

/// Looks at the name as C wants it: with its NUL.
fn as_c_name<R>(name: Name<'_>, look: impl FnOnce(*mut c_char) -> R) -> R {
    let name = name.as_bytes();
    let length = name.len().min(NAME_MAX);
    let mut copy = MaybeUninit::<[u8; NAME_MAX + 1]>::uninit();
    let to = copy.as_mut_ptr().cast::<u8>();
    // SAFETY: So many are in both.
    unsafe { to.copy_from_nonoverlapping(name.as_ptr(), length) };
    // SAFETY: There is one more.
    unsafe { to.add(length).write(0) };
    look(to.cast())
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
