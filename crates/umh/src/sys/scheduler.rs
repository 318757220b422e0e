// SPDX-License-Identifier: MIT OR Apache-2.0

//! sched_setscheduler(2) and ioprio_set(2).

use rustix::io::Result;

use super::raw::{number, syscall};

/// The usual policy for the calling process: no real time, no batch.
pub(crate) fn be_normal() -> Result<()> {
    /// linux/sched.h
    const SCHED_NORMAL: usize = 0;
    /// `struct sched_param`: the priority, which this policy has not.
    static PARAMETER: i32 = 0;
    let parameter = (&raw const PARAMETER).expose_provenance();
    // SAFETY: reads one `struct sched_param`.
    unsafe {
        syscall(
            number::SCHED_SETSCHEDULER,
            [0, SCHED_NORMAL, parameter, 0, 0],
        )
    }
    .map(drop)
}

/// No priority of its own for the calling process's input and output.
pub(crate) fn no_io_priority() -> Result<()> {
    /// linux/ioprio.h
    const IOPRIO_WHO_PROCESS: usize = 1;
    // SAFETY: takes no pointer. Class 0 is `IOPRIO_CLASS_NONE`.
    unsafe { syscall(number::IOPRIO_SET, [IOPRIO_WHO_PROCESS, 0, 0, 0, 0]) }.map(drop)
}
