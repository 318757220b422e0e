// SPDX-License-Identifier: MIT OR Apache-2.0

//! The busiest caller: a module is wanted.
//!
//! `kernel/module/kmod.c:__request_module` and `call_modprobe`. A kernel
//! without modules has no [`Kmod`] host: its `request_module` is `-ENOSYS`.
//!
//! | result | means |
//! | --- | --- |
//! | `Ok` of 0 | modprobe says that it is loaded; callers look again |
//! | `Ok` above 0 | modprobe's wait status: 256 is its exit code 1 |
//! | `ENOENT` | autoloading is off (an empty path), or modprobe is missing |
//! | `ENAMETOOLONG` | the name has more than [`NAME_MAX`] bytes |
//! | what a security module says | it may be anything |
//! | `ETIME` | 50 requests kept their slots for 5 seconds |
//! | `EBUSY`, `ENOMEM`, `EACCES`, ... | as [`exec`](crate::exec) |
//! | `ERESTARTSYS` | killed while it waited; modprobe goes on |

mod duplicates;

pub use duplicates::Duplicates;
pub use duplicates::Join;
pub use duplicates::Ticket;
pub use umh_abi::modprobe::NAME_MAX;

use crate::errno::Errno;
use crate::exec::exec;
use crate::host::{FOREVER, Host, Jiffies, Prepared as _, Queue, State};
use crate::wait::{Retval, Status, Wait};

/// The most requests at once: `MAX_KMOD_CONCURRENT`.
pub const CONCURRENT_MAX: usize = 50;

/// How long a request waits for a slot: `MAX_KMOD_ALL_BUSY_TIMEOUT`.
pub const BUSY_TIMEOUT_SECONDS: Jiffies = 5;

/// What a host lends for this call.
pub trait Kmod: Host {
    /// One of [`CONCURRENT_MAX`] slots, free again when dropped.
    type Slot<'a>
    where
        Self: 'a;

    /// Whether `kernel.modprobe` is empty.
    fn is_off(&self) -> bool;
    /// What the security modules say to the name
    /// (`security_kernel_module_request`); anything but success is returned.
    fn may_request(&self, name: Name<'_>) -> Retval;
    /// Takes a slot, first come, first served; waits at most `timeout` ticks.
    /// Linux: `down_timeout`, whose error is `ETIME`.
    fn slot(&self, timeout: Jiffies) -> Result<Self::Slot<'_>, Errno>;
    /// Sets up `modprobe -q -- NAME` with
    /// [`umh_abi::modprobe::Modprobe`]: the program is the setting as it is at
    /// this moment, not the one that [`Kmod::is_off`] looked at. `None` if
    /// there is no memory.
    fn modprobe(&self, name: Name<'_>, wait: umh_abi::Wait) -> Option<Self::Call>;
    /// Works on the table of duplicates under the host's lock; `None` from a
    /// host that does not look for duplicates
    /// (`CONFIG_MODULE_DEBUG_AUTOLOAD_DUPS`).
    fn duplicates<R>(&self, work: impl FnOnce(&mut Duplicates) -> R) -> Option<R>;
    /// The time, in ticks from any beginning.
    fn now(&self) -> Jiffies;
    /// Whether the caller is one of the workers whose end module loading may
    /// wait for: it might wait for itself (`current_is_async`).
    fn is_async_worker(&self) -> bool;
    /// Something that an administrator should know.
    fn notice(&self, notice: Notice<'_>);
}

/// A module's name or alias as it can be asked for: at most [`NAME_MAX`]
/// bytes, none of them NUL. It may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Takes a name; `ENAMETOOLONG` if it is too long. A NUL, which C would
    /// end the name at, is `EINVAL`.
    #[inline]
    pub fn new(name: &'a [u8]) -> Result<Self, Errno> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if name.contains(&0) {
            return Err(Errno::EINVAL);
        }
        Ok(Self(name))
    }

    /// The name's bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// What happened beside the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A worker waits that module loading may wait for. Once is enough.
    AsyncWait,
    /// No slot for five seconds. Linux limits the rate of this one.
    Busy(Name<'a>),
    /// The tracepoint `module:module_request`.
    Request {
        /// What is asked for.
        name: Name<'a>,
        /// Whether the caller waits for the end.
        wait: bool,
    },
    /// Somebody asks for this already, or asked within the last minute.
    Duplicate(Name<'a>),
}

/// Asks for a module. With `wait` the caller waits for modprobe's end
/// (`request_module`), otherwise for its start (`request_module_nowait`).
#[doc(alias = "__request_module")]
#[doc(alias = "request_module_nowait")]
pub fn request_module<K: Kmod>(host: &K, name: &[u8], wait: bool) -> Result<Status, Errno> {
    if wait && host.is_async_worker() {
        host.notice(Notice::AsyncWait);
    }
    if host.is_off() {
        return Err(Errno::ENOENT);
    }
    let name = Name::new(name)?;
    let said = host.may_request(name);
    if said != Retval::SUCCESS {
        return said.into_result();
    }

    // Held to the end, also by a duplicate that only waits.
    let _slot = match host.slot(BUSY_TIMEOUT_SECONDS.saturating_mul(K::HZ)) {
        Ok(slot) => slot,
        Err(errno) => {
            host.notice(Notice::Busy(name));
            return Err(errno);
        }
    };
    host.notice(Notice::Request { name, wait });

    match host.duplicates(|table| table.join(name, wait, host.now(), K::HZ)) {
        Some(Join::Duplicate(ticket)) => {
            host.notice(Notice::Duplicate(name));
            share(host, ticket)
        }
        Some(Join::Ignored) => {
            host.notice(Notice::Duplicate(name));
            Ok(Status::SUCCESS)
        }
        Some(Join::First(ticket)) => {
            let result = call_modprobe(host, name, wait);
            host.duplicates(|table| table.announce(ticket, Retval::of(result), host.now()));
            host.wake_up(Queue::Duplicates);
            result
        }
        Some(Join::Untracked) | None => call_modprobe(host, name, wait),
    }
}

/// Looks for something, asks for a module if it is not there, and looks again.
/// Whether the module came is not asked: only what it brings counts.
pub fn try_then_request_module<K: Kmod, T>(
    host: &K,
    name: &[u8],
    mut look: impl FnMut() -> Option<T>,
) -> Option<T> {
    look().or_else(|| {
        let _ = request_module(host, name, true);
        look()
    })
}

fn call_modprobe<K: Kmod>(host: &K, name: Name<'_>, wait: bool) -> Result<Status, Errno> {
    let wait = if wait {
        umh_abi::Wait::Proc
    } else {
        umh_abi::Wait::Exec
    };
    let call = host.modprobe(name, wait).ok_or(Errno::ENOMEM)?;
    exec(host, call, Wait::from(wait) | Wait::KILLABLE)
}

/// Waits for the first request's result, which is ours too.
fn share<K: Kmod>(host: &K, ticket: Ticket) -> Result<Status, Errno> {
    let result = loop {
        let mut place = host.prepare_to_wait(Queue::Duplicates, State::Killable);
        if let Some(retval) = host.duplicates(|table| table.answer(&ticket)).flatten() {
            break retval.into_result();
        }
        if let Err(errno) = place.schedule_timeout(FOREVER) {
            break Err(errno);
        }
    };
    host.duplicates(|table| table.leave(ticket));
    result
}
