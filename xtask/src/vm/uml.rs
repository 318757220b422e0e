// SPDX-License-Identifier: MIT OR Apache-2.0

//! A guest as a process: User-Mode Linux, which needs no privilege and no
//! emulation. Its processes are the host's, each of whose system calls its
//! kernel takes; it has no file system of the host's (`HOSTFS` is off).

use std::path::Path;

use crate::run::Run;
use crate::vm::guest::Guest;

/// The kernel with `guest`. Its console is standard error, the second serial
/// line, the result channel, standard output.
pub(super) fn run(guest: &Guest<'_>) -> Run {
    let dir = guest.console.parent().unwrap_or(Path::new("."));
    Run::new(guest.image)
        .arg(format!("mem={}M", guest.memory))
        .arg(format!("initrd={}", guest.initramfs.display()))
        // Else it keeps a socket below the user's home.
        .arg(format!("uml_dir={}/", dir.display()))
        .args(["con=null", "con0=null,fd:2", "ssl=null", "ssl1=null,fd:1"])
        .args(["noreboot", "quiet"])
        .args(guest.command_line.split(' '))
}
