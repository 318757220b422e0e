// SPDX-License-Identifier: MIT OR Apache-2.0

//! runit: two files whose owner's execute bit tells stage 3 what to do, and
//! SIGCONT for PID 1 to look at them (runit(8), runit-init(8);
//! `src/runit-init.c:runit_halt`, `runit_reboot`).

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};

use super::process_one::{ProcessOne, exists};
use super::{Action, Machine};
use crate::sys::Root;

/// The files `stopit` and `reboot` as Debian and Void compile them in
/// (`src/runit.h`). Both pairs are written, since the running one does not
/// tell, and neither outlives the boot.
const IN_RUN: [[&[u8]; 2]; 2] = [
    [b"/run/runit.stopit", b"/run/runit.reboot"],
    [b"/run/runit/stopit", b"/run/runit/reboot"],
];

/// As upstream has them; a disk keeps them. Its stage 1 makes `stopit`.
const IN_ETC: [&[u8]; 2] = [b"/etc/runit/stopit", b"/etc/runit/reboot"];

pub(super) fn ask(action: Action, root: &Root, machine: &mut dyn Machine) -> Result<()> {
    const SIGCONT: u8 = 18;
    let one = ProcessOne::look(root)?;
    if one.program() != b"runit" || !one.awaits(SIGCONT) {
        return Err(Errno::SRCH);
    }
    let mut result = Err(Errno::NOENT);
    for pair in IN_RUN {
        result = result.or(mark_both(root, action, pair));
    }
    let [stopit, _] = IN_ETC;
    if result.is_err() || exists(root, stopit) {
        result = result.or(mark_both(root, action, IN_ETC));
    }
    result.and_then(|()| machine.signal_init(SIGCONT))
}

fn mark_both(root: &Root, action: Action, [stopit, reboot]: [&[u8]; 2]) -> Result<()> {
    // `reboot` first: PID 1 may look as soon as `stopit` is there.
    mark(root, reboot, action == Action::Reboot)?;
    mark(root, stopit, true)
}

/// Creates `path` if needed, and sets or clears its execute bit.
fn mark(root: &Root, path: &[u8], set: bool) -> Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = root.open(path, flags, Mode::empty())?;
    rustix::fs::fchmod(&file, if set { Mode::XUSR } else { Mode::empty() })
}
