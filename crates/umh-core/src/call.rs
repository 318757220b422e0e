// SPDX-License-Identifier: MIT OR Apache-2.0

//! A call: what is run, and what happens before and after.
//!
//! `struct subprocess_info` and `call_usermodehelper_setup` of `kernel/umh.c`.
//!
//! # The life of a call
//!
//! A call is set up once by its host, given to [`exec`](crate::exec::exec)
//! once, and dropped once, on every path: without a path, while helpers are
//! disabled, with an empty path, after failure and success, and when its
//! caller was killed. Dropping it *is* the cleanup. There is no way back from
//! `exec` to a call, so nothing can be used after it was freed, and the words
//! of a call are its own, so that no caller's stack has to outlive a helper
//! (in C they are the caller's, and `UMH_KILLABLE` or `UMH_NO_WAIT` with words
//! on the stack is a use after free).
//!
//! [`Call::init`] runs at most once, in the new process, and not at all where
//! it never comes to one: whoever depends on what `init` does must look
//! whether it did it.
//!
//! # The older interface
//!
//! What `kernel/kmod.c` of Linux 2.6.23 to 3.x had, and where it is now. The
//! old names find the new ones in the search of these pages.
//!
//! | 2.6.23 to 3.x | today in C | here |
//! | --- | --- | --- |
//! | `call_usermodehelper_setup(path, argv, envp, gfp)` | + `init, cleanup, data` | the host makes a [`Call`]; [`program`] decides what it runs |
//! | `call_usermodehelper_setfns(info, init, cleanup, data)`, `call_usermodehelper_fns` | arguments of `_setup` | [`Call::init`], `Drop`; `data` is what they own |
//! | `call_usermodehelper_setcleanup(info, cleanup)` | argument of `_setup` | `Drop` of [`Host::Call`](crate::host::Host::Call) |
//! | `call_usermodehelper_setkeys(info, keyring)`, `call_usermodehelper_keys` | an `init` that installs the session keyring, a `cleanup` that puts it | [`Call::init`]; see [`request_key`](crate::request_key) |
//! | `call_usermodehelper_stdinpipe(info, &filp)`, `call_usermodehelper_pipe` | an `init` that puts a pipe's reading end at descriptor 0 | [`Call::init`]; see [`coredump`](crate::coredump) |
//! | `call_usermodehelper_exec(info, wait)` | the same name | [`exec::exec`](crate::exec::exec) |
//! | `call_usermodehelper(path, argv, envp, wait)` | the same name | [`exec::call`](crate::exec::call) |
//! | `call_usermodehelper_freeinfo(info)` | only `_exec` frees | dropping |
//! | `UMH_NO_WAIT` -1, `UMH_WAIT_EXEC` 0, `UMH_WAIT_PROC` 1 | 0, 1, 2 | [`Wait`](crate::wait::Wait) |
//! | `usermodehelper_is_disabled`, `usermodehelper_pm_callback` | depths, the read lock | [`gate`](crate::gate) |
//! | `usermodehelper_disable()`, `usermodehelper_enable()` | the same names | [`gate::disable`](crate::gate::disable), [`gate::enable`](crate::gate::enable) |
//! | `usermodehelper_init()`, which makes the workqueue `khelper` | the unbound workqueue is there before all callers | [`Host::queue`](crate::host::Host::queue) |
//! | `request_module(fmt, ...)`, `request_module_nowait`, `try_then_request_module` | the same names | [`request_module`](crate::request_module) |

use crate::wait::Retval;

/// What the engine asks of a call.
#[doc(alias = "subprocess_info")]
#[doc(alias = "call_usermodehelper_setcleanup")]
#[doc(alias = "call_usermodehelper_freeinfo")]
pub trait Call {
    /// Credentials in preparation: [`Task::Cred`](crate::host::Task::Cred).
    type Cred;

    /// What there is to run: what [`program`] said at set-up.
    fn path(&self) -> Path;

    /// The last word before the program, in the new process: what the caller
    /// wants there that is not inherited (a keyring, a pipe, a limit).
    /// Anything but success ends the call with that value.
    #[doc(alias = "call_usermodehelper_setfns")]
    #[doc(alias = "call_usermodehelper_fns")]
    #[doc(alias = "call_usermodehelper_setkeys")]
    #[doc(alias = "call_usermodehelper_keys")]
    #[doc(alias = "call_usermodehelper_stdinpipe")]
    #[doc(alias = "call_usermodehelper_pipe")]
    fn init(&mut self, cred: &mut Self::Cred) -> Retval;
}

/// What the engine asks of a path. The host, which runs it, knows the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// There is none: the `NULL` that a caller in C may pass.
    Null,
    /// The empty one, which switches a caller off.
    Empty,
    /// A program's.
    Program,
}

impl Path {
    /// Of bytes that are no program's if there are none.
    #[inline]
    pub const fn of(path: &[u8]) -> Self {
        if path.is_empty() {
            Self::Empty
        } else {
            Self::Program
        }
    }
}

/// What a call runs that asks for the program `path`: with
/// `CONFIG_STATIC_USERMODEHELPER` the configured one, whatever was asked for,
/// even nothing. An empty configured path turns every call into a success that
/// does nothing. The words are never changed: argv\[0\] still names what was
/// asked for. A path is what the host keeps: bytes, or a pointer to them.
#[doc(alias = "call_usermodehelper_setup")]
#[inline]
pub const fn program<P: Copy>(path: Option<P>, configured: Option<P>) -> Option<P> {
    match configured {
        Some(_) => configured,
        None => path,
    }
}

/// From where a call's memory may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// `GFP_KERNEL`: the caller may sleep.
    Kernel,
    /// `GFP_ATOMIC`: it may not.
    Atomic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_program_replaces_whatever_was_asked_for() {
        let (asked, configured) = (Some(&b"/sbin/modprobe"[..]), Some(&b"/sbin/umh"[..]));
        assert_eq!(program(asked, None), asked);
        assert_eq!(program(asked, configured), configured);
        assert_eq!(program(None, configured), configured);
        assert_eq!(program(asked, Some(b"")), Some(&b""[..]));
    }
}
