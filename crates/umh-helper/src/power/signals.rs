// SPDX-License-Identifier: MIT OR Apache-2.0

//! Inits that take the request as a signal.

use rustix::io::{Errno, Result};

use super::process_one::{self, ProcessOne};
use super::{Action, Machine};
use crate::sys::Root;

/// busybox (`init/halt.c:halt_main`, `init/init.c:check_delayed_sigs`). It
/// sits in sigtimedwait(2), which takes what it waits for out of the visible
/// mask (`kernel/signal.c:do_sigtimedwait`); what tells it from a shell of
/// busybox that runs an `/init` script is that it catches SIGTSTP
/// (`init/init.c:stop_handler`).
pub(super) fn ask_busybox(action: Action, root: &Root, machine: &mut dyn Machine) -> Result<()> {
    const SIGTSTP: u8 = 20;
    let one = ProcessOne::look(root)?;
    let busybox = one.program().starts_with(b"busybox")
        || [&b"/bin/busybox"[..], b"/usr/bin/busybox", b"/sbin/busybox"]
            .into_iter()
            .any(|path| process_one::runs(root, path));
    // Old versions catch the two signals themselves.
    let init = one.awaits(SIGTSTP) || BUSYBOX.are_awaited(&one);
    send(busybox && init, BUSYBOX, action, machine)
}

/// finit has taken the signals of busybox over (`src/sig.c`).
pub(super) fn ask_finit(action: Action, root: &Root, machine: &mut dyn Machine) -> Result<()> {
    let one = ProcessOne::look(root)?;
    let finit = one.program() == b"finit" && BUSYBOX.are_awaited(&one);
    send(finit, BUSYBOX, action, machine)
}

/// systemd(1), "Signals": `SIGRTMIN+4` is `systemctl start poweroff.target
/// --job-mode=replace-irreversibly`, `SIGRTMIN+5` the same of reboot.target.
/// By which numbers depends on systemd's libc, and is seen at what it awaits:
/// it blocks all from `SIGRTMIN+0` to `+6` for its signalfd
/// (`src/core/manager.c:manager_setup_signals`). One off is halt or kexec.
pub(super) fn ask_systemd(action: Action, root: &Root, machine: &mut dyn Machine) -> Result<()> {
    /// `SIGRTMIN` of glibc and of musl, which keep those from 32 to
    /// themselves, and may catch them.
    const SIGRTMIN: [u8; 2] = [34, 35];
    let one = ProcessOne::look(root)?;
    // sd_booted(3)
    let booted = process_one::exists(root, b"/run/systemd/system");
    let first = SIGRTMIN.into_iter().find(|signal| one.awaits(*signal));
    match first {
        Some(first) if booted && one.program() == b"systemd" => {
            let all = (first..=first + 6).all(|signal| one.awaits(signal));
            let signals = Signals {
                off: first + 4,
                restart: first + 5,
            };
            send(all, signals, action, machine)
        }
        _ => Err(Errno::SRCH),
    }
}

/// SIGUSR2 and SIGTERM.
const BUSYBOX: Signals = Signals {
    off: 12,
    restart: 15,
};

/// One init's signals.
struct Signals {
    off: u8,
    restart: u8,
}

impl Signals {
    /// Whether PID 1 is ready for both: a shell or a debugger that took an
    /// init's place is not.
    fn are_awaited(&self, one: &ProcessOne) -> bool {
        one.awaits(self.off) && one.awaits(self.restart)
    }
}

/// Sends the signal for `action`, if PID 1 is the init in question.
fn send(is_it: bool, signals: Signals, action: Action, machine: &mut dyn Machine) -> Result<()> {
    if !is_it {
        return Err(Errno::SRCH);
    }
    machine.signal_init(match action {
        Action::PowerOff => signals.off,
        Action::Reboot => signals.restart,
    })
}
