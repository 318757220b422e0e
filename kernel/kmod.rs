// SPDX-License-Identifier: GPL-2.0-only

//! `request_module()`: `kernel/module/kmod.c`, `kernel/module/dups.c`.

use crate::host::{Linux, CONFIGURED};
use crate::linux::export::declared;
use crate::linux::module::{self, PATH_LEN};
use crate::linux::semaphore::Slot;
use crate::linux::statics::{DUPLICATES, SLOTS};
use crate::linux::subprocess_info::SubprocessInfo;
use crate::linux::words;
use kernel::ffi::{c_char, c_int, c_ulong};
use kernel::prelude::*;
use kernel::str::BStr;
use umh_abi::modprobe::{Modprobe, NAME_MAX};
use umh_core::errno::Errno;
use umh_core::host::Jiffies;
use umh_core::request_module::CONCURRENT_MAX;
use umh_core::request_module::{request_module, Duplicates, Kmod, Name, Notice};
use umh_core::wait::Retval;

/// Asks for a module: what is left of `__request_module()` when its words are
/// formatted (`glue.c`).
///
/// # Safety
///
/// `name` is valid for `size` bytes.
#[no_mangle]
pub(crate) unsafe extern "C" fn umh_request_module(
    wait: bool,
    name: *const c_char,
    size: usize,
    caller: c_ulong,
) -> c_int {
    let host = Linux {
        caller: caller as usize,
    };
    // SAFETY: Says the caller.
    let name = unsafe { core::slice::from_raw_parts(name.cast(), size) };
    Retval::of(request_module(&host, name, wait)).as_raw()
}
declared!(umh_request_module);

impl Kmod for Linux {
    type Slot<'a> = Slot<'a>;

    fn is_off(&self) -> bool {
        module::is_off()
    }

    fn may_request(&self, name: Name<'_>) -> Retval {
        module::security_request(name)
    }

    fn slot(&self, timeout: Jiffies) -> Result<Slot<'_>, Errno> {
        SLOTS.down(timeout)
    }

    fn modprobe(&self, name: Name<'_>, wait: umh_abi::Wait) -> Option<SubprocessInfo> {
        module::setting(|program| {
            let name = name.as_bytes();
            let call = Modprobe {
                program,
                name,
                wait,
            };
            words::call::<WORDS_LEN>(CONFIGURED, |sink| call.emit(sink))
        })
    }

    fn duplicates<R>(&self, work: impl FnOnce(&mut Duplicates) -> R) -> Option<R> {
        cfg!(CONFIG_MODULE_DEBUG_AUTOLOAD_DUPS).then(|| DUPLICATES.with(work))
    }

    fn now(&self) -> Jiffies {
        module::jiffies()
    }

    fn is_async_worker(&self) -> bool {
        module::is_async_worker()
    }

    #[inline]
    fn notice(&self, notice: Notice<'_>) {
        match notice {
            Notice::AsyncWait => module::warn_async(),
            Notice::Busy(name) => module::warn_busy(name),
            Notice::Request { name, wait } => module::trace_request(name, wait, self.caller),
            Notice::Duplicate(name) => {
                let name = BStr::from_bytes(name.as_bytes());
                pr_warn!("module-autoload: duplicate request for module {name}\n");
            }
        }
    }
}

/// The setting, with its NUL, and the name. What is constant stays where it is.
const WORDS_LEN: usize = PATH_LEN + NAME_MAX + 1;

// `glue.c` has the number once more.
const _: () = assert!(CONCURRENT_MAX == 50);
