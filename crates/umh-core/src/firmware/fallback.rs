// SPDX-License-Identifier: MIT OR Apache-2.0

//! The last resort: user space is asked, and may answer through sysfs.
//!
//! `drivers/base/firmware_loader/fallback.c`, `fallback_table.c`. Off by
//! default: of all requests only [`Options::NOWAIT_CUSTOM`] comes here. The
//! reader's lock of the [`gate`] is held until user space
//! answered.

use super::Options;
use crate::errno::Errno;
use crate::gate;
use crate::host::{FOREVER, Host, Jiffies};

/// The usual limit (`/sys/class/firmware/timeout`).
pub const TIMEOUT_SECONDS: Jiffies = 60;

/// The limit while files are loaded before a suspend.
pub const CACHE_TIMEOUT_SECONDS: Jiffies = 10;

/// What an administrator has set: `kernel.firmware_config.*` and the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Ask user space for every request. Starts as
    /// `CONFIG_FW_LOADER_USER_HELPER_FALLBACK`.
    pub force_sysfs_fallback: bool,
    /// Never ask it.
    pub ignore_sysfs_fallback: bool,
    /// In seconds; 0 or less for no limit.
    pub timeout: Jiffies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            force_sysfs_fallback: false,
            ignore_sysfs_fallback: false,
            timeout: TIMEOUT_SECONDS,
        }
    }
}

/// Whether user space is asked after every place failed. `permitted` is what
/// the security modules say (`security_kernel_load_data`).
#[doc(alias = "fw_run_sysfs_fallback")]
pub fn falls_back(settings: &Settings, options: Options, permitted: bool) -> bool {
    let never = options.has(Options::NOFALLBACK_SYSFS) || options.has(Options::PARTIAL);
    if settings.ignore_sysfs_fallback || never || !permitted {
        return false;
    }
    settings.force_sysfs_fallback || options.has(Options::USERHELPER)
}

/// A request that user space is to answer.
pub trait Fallback {
    /// Shows the request, and with `uevent` announces it.
    fn show(&mut self, uevent: bool) -> Result<(), Errno>;
    /// Waits at most `timeout` ticks for the answer.
    fn wait(&mut self, timeout: Jiffies) -> Answer;
}

/// How a request to user space ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The file is there.
    Done,
    /// User space gave up, or the system goes down.
    Aborted,
    /// Nobody answered in time.
    TimedOut,
    /// The waiting process was killed.
    Killed,
    /// There was no memory for the file.
    NoMemory,
}

impl Answer {
    /// What the driver gets.
    pub const fn into_result(self) -> Result<(), Errno> {
        match self {
            Self::Done => Ok(()),
            Self::Aborted => Err(Errno::ENOENT),
            Self::TimedOut => Err(Errno::ETIMEDOUT),
            Self::Killed => Err(Errno::EINTR),
            Self::NoMemory => Err(Errno::ENOMEM),
        }
    }
}

/// Asks user space, with helpers kept enabled meanwhile. A driver that does
/// not wait waits for them to be enabled, as long as for the answer; one that
/// waits is told `EAGAIN` at once.
#[doc(alias = "firmware_fallback_sysfs")]
#[doc(alias = "fw_load_from_user_helper")]
pub fn ask<H: Host>(
    host: &H,
    settings: &Settings,
    options: Options,
    request: &mut dyn Fallback,
) -> Result<(), Errno> {
    let limit = match settings.timeout {
        seconds @ 1.. => seconds.saturating_mul(H::HZ),
        _ => FOREVER,
    };
    let (_open, limit) = if options.has(Options::NOWAIT) {
        gate::read_lock_wait(host, limit)?.ok_or(Errno::EBUSY)?
    } else {
        (gate::read_trylock(host)?, limit)
    };

    let uevent = options.has(Options::UEVENT);
    request.show(uevent)?;
    // Nobody was told, so nobody can be late.
    let limit = if uevent { limit } else { FOREVER };
    request.wait(limit).into_result()
}
