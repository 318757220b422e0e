// SPDX-License-Identifier: GPL-2.0-only

//! `struct kobj_uevent_env`, owned, and the sysctl of the helper.
//!
//! C header: `include/linux/kobject.h`.

use super::subprocess_info::{Setup, SubprocessInfo};
use core::mem::forget;
use core::ptr::{NonNull, addr_of_mut, null_mut};
use kernel::bindings::{self, kobj_uevent_env};
use kernel::ffi::{c_char, c_int};
use umh_core::call::program;
use umh_core::errno::Errno;
use umh_core::uevent::Variables;

/// `struct kobj_uevent_env`, owned.
///
/// # Invariants
///
/// Valid, from kmalloc(), and nobody else's.
pub(crate) struct Env(NonNull<kobj_uevent_env>);

impl Variables for Env {
    fn add(&mut self, pieces: &[&[u8]]) -> Result<(), Errno> {
        let env = self.get();
        // In C the variables of the helper are constants: one piece each.
        let start = env.buflen as usize;
        // The last place stays NULL.
        let place = match env.envp.split_last_mut() {
            Some((_end, places)) => places.get_mut(env.envp_idx as usize),
            None => None,
        };
        let place = place.ok_or(Errno::ENOMEM)?;
        let mut end = start;
        for piece in pieces.iter().chain(&[&b"\0"[..]]) {
            let room = env
                .buf
                .get_mut(end..)
                .and_then(|room| room.get_mut(..piece.len()));
            copy(room.ok_or(Errno::ENOMEM)?, piece);
            end += piece.len();
        }
        *place = env.buf[start..].as_mut_ptr();
        env.envp_idx += 1;
        env.buflen = end as c_int;
        Ok(())
    }

    fn room(&self) -> usize {
        // SAFETY: By the type's invariants.
        let env = unsafe { self.0.as_ref() };
        env.buf.len().saturating_sub(env.buflen as usize)
    }
}

impl Env {
    /// # Safety
    ///
    /// Of kmalloc(), and nobody else's from here.
    pub(crate) unsafe fn from_raw(env: NonNull<kobj_uevent_env>) -> Self {
        Self(env)
    }

    /// The call of the helper for `subsystem`, which fits behind the variables.
    pub(crate) fn setup(
        mut self,
        subsystem: &[u8],
        configured: Option<*const c_char>,
    ) -> Option<SubprocessInfo> {
        let data = self.0.as_ptr().cast();
        let env = self.get();
        let argument = env.buf.get_mut(env.buflen as usize..)?;
        copy(argument.get_mut(..subsystem.len())?, subsystem);
        *argument.get_mut(subsystem.len())? = 0;
        env.argv = [setting(), argument.as_mut_ptr(), null_mut()];

        let setup = Setup {
            path: program(Some(setting().cast_const()), configured)?,
            argv: env.argv.as_mut_ptr(),
            envp: env.envp.as_mut_ptr(),
            init: None,
            cleanup: Some(cleanup),
            data,
        };
        // SAFETY: All of it is in `self`, which `cleanup` drops, but for the
        // setting, a static.
        let call = unsafe { SubprocessInfo::new(setup, bindings::GFP_KERNEL) }?;
        forget(self);
        Some(call)
    }

    fn get(&mut self) -> &mut kobj_uevent_env {
        // SAFETY: By the type's invariants.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        // SAFETY: By the type's invariants.
        unsafe { bindings::kfree(self.0.as_ptr().cast()) };
    }
}

/// # Safety
///
/// `info` is a call of [`Env::setup`], at its end.
unsafe extern "C" fn cleanup(info: *mut bindings::subprocess_info) {
    // SAFETY: Says the caller.
    let data = unsafe { (*info).data };
    drop(NonNull::new(data.cast()).map(Env));
}

/// Whether the sysctl `kernel.hotplug` names a helper.
pub(crate) fn has_helper() -> bool {
    // SAFETY: A byte of a static that its sysctl writes.
    unsafe { setting().read_volatile() != 0 }
}

fn setting() -> *mut c_char {
    addr_of_mut!(bindings::uevent_helper).cast()
}

fn copy(to: &mut [c_char], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from as c_char;
    }
}
