// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a person who starts the program reads.
//!
//! It never acts for a person: the file carries no privilege, so nothing is
//! gained by it, and a program that did two things by who starts it would be
//! one that can be fooled about it.

use umh_abi::{Fingerprint, Invocation, Parent};

use crate::sys::descriptors;

/// What it is.
const ABOUT: &[u8] = b"usermode-helper: the program that the Linux kernel starts when it needs
something from user space: a module, a place for a core dump, a key, an end
to the machine. It checks who calls and what for, answers or runs the program
that does, and writes down what happened. It is not for people to start.

  umh status         what the kernel asked lately, and what was decided
  umh log -f         the same, as it happens
  umh policy show    what is allowed
";

/// Explains the program on standard output; with arguments, as if it were to
/// act, refuses on standard error. Gives the exit status.
#[cold]
pub fn introduce(invocation: &Invocation<'_>) -> u8 {
    if invocation.argv.len() <= 1 {
        descriptors::write(1, ABOUT);
        return 0;
    }
    descriptors::write(2, b"usermode-helper: refused: ");
    descriptors::write(2, reason(&invocation.fingerprint).as_bytes());
    descriptors::write(2, b"; to see what a call would do: umh policy explain\n");
    crate::pipeline::REFUSED
}

/// Why this is not the kernel.
const fn reason(fingerprint: &Fingerprint) -> &'static str {
    if matches!(fingerprint.parent, Parent::Process) {
        "started by a process, not by the kernel"
    } else if !fingerprint.sessionless {
        "in a session, which the kernel's helpers are not"
    } else {
        "not as root without groups, as the kernel's helpers are"
    }
}
