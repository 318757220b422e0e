// SPDX-License-Identifier: GPL-2.0-only

//! What this host needs of Linux and `kernel` does not have yet: each thing a
//! safe type in a file of its own. The unsafe code of the engine's host is
//! here, but for the functions that C calls.

pub(crate) mod completion;
pub(crate) mod cred;
pub(crate) mod export;
#[cfg(CONFIG_RUST_UMH_KUNIT_TEST)]
pub(crate) mod kunit;
#[cfg(CONFIG_MODULES)]
pub(crate) mod module;
#[cfg(CONFIG_MODULES)]
pub(crate) mod mutex;
pub(crate) mod process;
pub(crate) mod rwsem;
#[cfg(CONFIG_MODULES)]
pub(crate) mod semaphore;
pub(crate) mod statics;
pub(crate) mod subprocess_info;
#[cfg(CONFIG_SYSCTL)]
pub(crate) mod sysctl;
#[cfg(CONFIG_UEVENT_HELPER)]
pub(crate) mod uevent_env;
pub(crate) mod version;
pub(crate) mod wait_queue;
#[cfg(CONFIG_MODULES)]
pub(crate) mod words;

use umh_core::errno::Errno;

/// What a C function returned: below zero, an error number.
pub(crate) fn to_result(ret: i32) -> Result<i32, Errno> {
    match Errno::new(ret.wrapping_neg()) {
        Some(errno) => Err(errno),
        None => Ok(ret),
    }
}
