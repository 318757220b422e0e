// SPDX-License-Identifier: MIT OR Apache-2.0

//! PID 1 of every guest, and the unprivileged process that cases start.

fn main() -> std::process::ExitCode {
    umh_vm::guest::run()
}
