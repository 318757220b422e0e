// SPDX-License-Identifier: MIT OR Apache-2.0

//! Turning the machine off, or restarting it, when no program does.
//!
//! `kernel/reboot.c:orderly_poweroff` and `orderly_reboot` count a program
//! that started as success and then do nothing more: with us in between, the
//! kernel's own fallback (`emergency_sync`, `kernel_power_off`) never runs.
//! It is ours: the init that runs is asked in its own way, and if the machine
//! is still up after the limit, or nobody could be asked, the file systems are
//! written out and reboot(2) is called.

#![forbid(unsafe_code)]

mod fifo;
mod process_one;
mod runit;
mod signals;

use core::time::Duration;

use rustix::io::{Errno, Result};
use rustix::thread::NanosleepRelativeResult;

use crate::answer::{Context, Failed};
use crate::sys::{Root, reboot};
use crate::verdict::Permit;

/// How long an init may take when no rule says otherwise. It has taken the
/// request, so this is for one that hangs on its way, and longer than services
/// take that are stopped one after another: a database writes its memory out,
/// a guest of this machine is shut down. The rule's `timeout` changes it.
pub const LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long writing out may take before the machine goes down without. The
/// kernel's own fallback, which may be saving the hardware, does not wait.
const SYNC_LIMIT: Duration = Duration::from_secs(10);

/// What the machine is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Turn the power off.
    PowerOff,
    /// Restart.
    Reboot,
}

/// Brings the machine down. Returns only if it is still up.
///
/// An init stops its services one by one, and kills every process, this one
/// too, only in its last stage: until then the limit holds, from then on the
/// rest is its own. Nothing here resists: an init that waits for its last
/// processes to end must not wait for us.
pub fn answer(action: Action, context: &Context<'_>) -> Failed {
    bring_down(
        action,
        context.root,
        context.limit,
        &mut Linux {
            _permit: context.permit(),
        },
    )
}

fn bring_down(action: Action, root: &Root, limit: Duration, machine: &mut dyn Machine) -> Failed {
    machine.prepare();

    // No sync(2) first: it may take long, and an init that is asked writes the
    // file systems out itself.
    if ask(action, root, machine).is_some() {
        machine.sleep(limit);
    }

    machine.sync();
    Failed {
        step: "reboot(2)",
        errno: machine.force(action),
    }
}

/// One init's own way: an error if it is not the one that runs, or does not
/// listen.
type Way = fn(Action, &Root, &mut dyn Machine) -> Result<()>;

/// The inits. systemd is before sysvinit, whose FIFO it offers too; those known
/// by a FIFO need no `/proc`, which may not be mounted.
const INITS: [(&str, Way); 6] = [
    ("systemd", signals::ask_systemd),
    ("finit", signals::ask_finit),
    ("openrc-init", fifo::ask_openrc),
    ("sysvinit", fifo::ask_sysvinit),
    ("runit", runit::ask),
    ("busybox", signals::ask_busybox),
];

/// Asks the init that runs; its name if it took the request.
fn ask(action: Action, root: &Root, machine: &mut dyn Machine) -> Option<&'static str> {
    INITS
        .iter()
        .find_map(|(name, way)| way(action, root, machine).is_ok().then_some(*name))
}

/// What is done to the machine; tests write it down instead.
trait Machine {
    /// Makes the process fit for the rest.
    fn prepare(&mut self);
    /// Sends a signal to PID 1.
    fn signal_init(&mut self, signal: u8) -> Result<()>;
    /// Lets time pass.
    fn sleep(&mut self, time: Duration);
    /// Writes the file systems out.
    fn sync(&mut self);
    /// Does it; the error if the machine is still up.
    fn force(&mut self, action: Action) -> Errno;
}

/// The machine that we run on. Exists only with a permit.
struct Linux {
    _permit: Permit,
}

impl Machine for Linux {
    fn prepare(&mut self) {
        reboot::block_sigpipe();
    }

    fn signal_init(&mut self, signal: u8) -> Result<()> {
        reboot::signal_init(signal)
    }

    fn sleep(&mut self, time: Duration) {
        let Ok(mut left) = time.try_into() else {
            return;
        };
        while let NanosleepRelativeResult::Interrupted(rest) = rustix::thread::nanosleep(&left) {
            left = rest;
        }
    }

    fn sync(&mut self) {
        reboot::sync(SYNC_LIMIT);
    }

    fn force(&mut self, action: Action) -> Errno {
        match action {
            Action::PowerOff => reboot::power_off(),
            Action::Reboot => reboot::restart(),
        }
    }
}

#[cfg(test)]
mod tests;
