// SPDX-License-Identifier: MIT OR Apache-2.0

//! A guest as a PC: its first serial port is the console, the second the
//! result channel.

use crate::run::Run;
use crate::vm::accelerator::Accelerator;
use crate::vm::guest::Guest;

/// QEMU with `guest`.
pub(super) fn run(guest: &Guest<'_>, accelerator: Accelerator) -> Run {
    // On a busy host an emulated timer may be late for the kernel's test of
    // it, and that panics.
    let append = format!("console=ttyS0 quiet no_timer_check {}", guest.command_line);
    Run::new("qemu-system-x86_64")
        .args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ])
        .args(["-machine", "pc", "-m", &guest.memory.to_string()])
        .args(accelerator.arguments())
        .arg("-kernel")
        .arg(guest.image)
        .arg("-initrd")
        .arg(guest.initramfs)
        .args(["-append", &append])
        .arg("-serial")
        .arg(format!("file:{}", guest.console.display()))
        .args(["-serial", "stdio"])
}
