// SPDX-License-Identifier: MIT OR Apache-2.0

//! The guest: PID 1, and what cases work with.
//!
//! [`run`] is the bin `guest`. As PID 1 it sets the machine up ([`boot`]),
//! runs the cases of its suite and powers off. Started again by a case, as a
//! process without privilege, it does what makes the kernel call ([`act`]).

pub mod act;
pub mod answers;
pub mod boot;
pub mod channel;
pub mod kernel_log;
pub mod machine;
pub mod module;
pub mod records;
pub mod service;
pub mod system;
pub mod trace;
pub mod trigger;
pub mod umh;
pub mod watchdog;

pub use machine::Machine;

/// The program from its arguments to its exit status.
pub fn run() -> std::process::ExitCode {
    if std::process::id() == 1 {
        boot::run();
    }
    act::run()
}
