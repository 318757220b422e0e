// SPDX-License-Identifier: MIT OR Apache-2.0

//! The gate: no helper is started while the system sleeps or goes down.
//!
//! `kernel/umh.c`: `usermodehelper_disabled`, `running_helpers`,
//! `__usermodehelper_disable`, `usermodehelper_read_trylock`,
//! `usermodehelper_read_lock_wait`.
//!
//! | who | sets |
//! | --- | --- |
//! | the static value | [`Depth::Disabled`], until there is a root file system |
//! | the rootfs initcall | [`Depth::Enabled`] |
//! | `freeze_processes` | [`Depth::Freezing`], then [`Depth::Disabled`] when user space is frozen |
//! | `thaw_processes` | [`Depth::Freezing`], then [`Depth::Enabled`] when it runs again |
//! | restart and shutdown | [`Depth::Disabled`]; whether that worked is ignored |
//!
//! Two kinds of user. *Callers* do not take the lock: they count themselves,
//! then look ([`enter`]), and whoever closes the gate closes it, then waits
//! for the count. *Readers* (the firmware fallback) hold the lock while user
//! space works, so that the gate is not closed under them, for as long as that
//! takes. A helper that nobody waits for, or whose caller was killed, is not
//! counted: nothing here waits for it.

use crate::errno::Errno;
use crate::host::{FOREVER, Host, Jiffies, Prepared as _, Queue, State};
use crate::sync::atomic::{AtomicU8, AtomicUsize, Ordering, fence};
use crate::sync::const_new;

/// How far helpers are disabled (`enum umh_disable_depth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Calls are made.
    #[doc(alias = "UMH_ENABLED")]
    Enabled = 0,
    /// Calls fail; readers wait, for it will soon be one of the others.
    #[doc(alias = "UMH_FREEZING")]
    Freezing = 1,
    /// Calls fail, readers too.
    #[doc(alias = "UMH_DISABLED")]
    Disabled = 2,
}

/// The depth and the number of callers inside.
#[derive(Debug)]
pub struct Gate {
    /// Written only with the host's lock held for write; callers read it
    /// without.
    depth: AtomicU8,
    running: AtomicUsize,
}

/// How long closing the gate waits for callers: `RUNNING_HELPERS_TIMEOUT`.
pub const RUNNING_HELPERS_TIMEOUT_SECONDS: Jiffies = 5;

impl Gate {
    const_new! {
        /// A gate that nobody has opened yet.
        pub fn new() -> Self {
            Self {
                depth: AtomicU8::new(Depth::Disabled as u8),
                running: AtomicUsize::new(0),
            }
        }
    }

    /// How far helpers are disabled, at this moment.
    #[inline]
    pub fn depth(&self) -> Depth {
        match self.depth.load(Ordering::Relaxed) {
            0 => Depth::Enabled,
            1 => Depth::Freezing,
            // Nothing else is ever stored.
            _ => Depth::Disabled,
        }
    }

    /// Whether a call fails at this moment.
    #[doc(alias = "usermodehelper_is_disabled")]
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.depth() != Depth::Enabled
    }

    /// How many callers are inside. Callers, not helpers.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// A caller inside; it leaves when this is dropped.
pub struct Running<'a, H: Host> {
    host: &'a H,
}

/// Counts a caller, before it looks whether the gate is closed.
#[doc(alias = "helper_lock")]
pub fn enter<H: Host>(host: &H) -> Running<'_, H> {
    host.gate().running.fetch_add(1, Ordering::Relaxed);
    // `smp_mb__after_atomic()`. Count, then look, against close, then count:
    // one of the two sees the other. A sequentially consistent addition alone
    // would not order the relaxed look in Linux's model of memory.
    fence(Ordering::SeqCst);
    Running { host }
}

impl<H: Host> Drop for Running<'_, H> {
    /// `helper_unlock`
    fn drop(&mut self) {
        // Release: whoever sees the count at zero sees the call freed.
        if self.host.gate().running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.host.wake_up(Queue::Running);
        }
    }
}

/// Closes the gate and waits until nobody is inside. If somebody stays for
/// more than five seconds the gate is *opened*, and the error is `EAGAIN`.
///
/// What the five seconds do not bound is the wait for the lock itself: a
/// reader holds it for as long as user space takes.
#[doc(alias = "__usermodehelper_disable")]
#[doc(alias = "usermodehelper_disable")]
pub fn disable<H: Host>(host: &H, depth: Depth) -> Result<(), Errno> {
    if depth == Depth::Enabled {
        return Err(Errno::EINVAL);
    }
    {
        let _write = host.down_write();
        host.gate().depth.store(depth as u8, Ordering::Relaxed);
    }

    // Close, then count; see `enter`.
    fence(Ordering::SeqCst);
    let mut left = RUNNING_HELPERS_TIMEOUT_SECONDS.saturating_mul(H::HZ);
    loop {
        let mut place = host.prepare_to_wait(Queue::Running, State::Uninterruptible);
        // Acquire: goes with the release of the last one out.
        if host.gate().running.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        if left == 0 {
            break;
        }
        left = place.schedule_timeout(left).unwrap_or(0);
    }
    set_depth(host, Depth::Enabled);
    Err(Errno::EAGAIN)
}

/// Opens the gate.
#[doc(alias = "usermodehelper_enable")]
pub fn enable<H: Host>(host: &H) {
    set_depth(host, Depth::Enabled);
}

/// Sets the depth, without waiting for anybody inside.
#[doc(alias = "__usermodehelper_set_disable_depth")]
pub fn set_depth<H: Host>(host: &H, depth: Depth) {
    let write = host.down_write();
    host.gate().depth.store(depth as u8, Ordering::Relaxed);
    host.wake_up(Queue::Depth);
    drop(write);
}

/// Keeps the gate open until the guard is dropped. Waits while it freezes;
/// `EAGAIN` if it is closed.
#[doc(alias = "usermodehelper_read_trylock")]
#[doc(alias = "usermodehelper_read_unlock")]
pub fn read_trylock<H: Host>(host: &H) -> Result<H::Read<'_>, Errno> {
    loop {
        let read = host.down_read();
        // A place before the look, so that no change is missed between the
        // look and the sleep. Signals wake it and are not looked at.
        let mut place = host.prepare_to_wait(Queue::Depth, State::Interruptible);
        match host.gate().depth() {
            Depth::Enabled => return Ok(read),
            Depth::Disabled => return Err(Errno::EAGAIN),
            Depth::Freezing => {}
        }
        drop(read);
        let _ = place.schedule_timeout(FOREVER);
        drop(place);
        host.try_to_freeze();
    }
}

/// Keeps the gate open until the guard is dropped; waits at most `timeout`
/// ticks for it to open. With the guard comes what is left of them, which may
/// be 0; without one, time has run out.
///
/// C cannot tell the two apart that way: `usermodehelper_read_lock_wait(0)` of
/// an open gate returns 0 *with* the lock held, as it also does without.
#[doc(alias = "usermodehelper_read_lock_wait")]
pub fn read_lock_wait<H: Host>(
    host: &H,
    timeout: Jiffies,
) -> Result<Option<(H::Read<'_>, Jiffies)>, Errno> {
    if timeout < 0 {
        return Err(Errno::EINVAL);
    }
    let mut left = timeout;
    loop {
        let read = host.down_read();
        let mut place = host.prepare_to_wait(Queue::Depth, State::Uninterruptible);
        if host.gate().depth() == Depth::Enabled {
            return Ok(Some((read, left)));
        }
        drop(read);
        left = place.schedule_timeout(left).unwrap_or(0);
        if left == 0 {
            return Ok(None);
        }
    }
}
