// SPDX-License-Identifier: MIT OR Apache-2.0

//! Taking one module out of the kernel, for `rmmod` and `modprobe -r`.
//!
//! `delete_module(2)` no longer waits for a module's users to go, whatever
//! its flags: waiting is ours.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use umh_modules::load::{self, Remove};
use umh_modules::state;
use umh_modules::system::System;

/// How long to wait for a module's users to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// As long as that.
    AtMost(Duration),
    /// Until they have gone.
    ForEver,
}

/// Removes `module`, whose name has underscores.
pub fn remove(module: &[u8], force: bool, wait: Wait) -> Result<(), Errno> {
    let end = match wait {
        Wait::AtMost(span) => Instant::now().checked_add(span),
        Wait::No | Wait::ForEver => None,
    };
    let mut pause = Duration::from_millis(1);
    loop {
        let errno = match load::remove(module, Remove { force }) {
            Ok(()) => return Ok(()),
            Err(errno) => errno,
        };
        let left = match (wait, end) {
            (Wait::No, _) => Duration::ZERO,
            (_, Some(end)) => end.saturating_duration_since(Instant::now()),
            (_, None) => Duration::MAX,
        };
        let has_users = errno == Errno::AGAIN;
        if !has_users || left.is_zero() {
            return Err(errno);
        }
        sleep(pause.min(left));
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Who uses `module`, as far as they are modules, as ` by: a b`.
pub fn users(system: &dyn System, module: &[u8]) -> String {
    let users = state::holders(system, module).unwrap_or_default();
    if users.is_empty() {
        return String::new();
    }
    format!(" by: {}", users.join(&b' ').escape_ascii())
}

/// Why the kernel did not remove `module`, and what helps.
pub fn cause(system: &dyn System, module: &[u8], errno: Errno) -> String {
    let words = match errno {
        Errno::AGAIN => return format!("Module is in use{}", users(system, module)),
        Errno::NOENT => return "Module is not in the kernel".to_owned(),
        Errno::BUSY => {
            "its init or exit function runs, or it has no exit function and stays until the next boot"
        }
        Errno::PERM => "it takes CAP_SYS_MODULE, and kernel.modules_disabled must be 0",
        _ => "see dmesg",
    };
    format!("{} ({words})", super::messages::reason(&errno.into()))
}
