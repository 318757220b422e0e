// SPDX-License-Identifier: MIT OR Apache-2.0

//! The suite `bench-engine`: what a call costs the kernel, from its caller's
//! first instruction to the return, by whichever code makes it.
//!
//! The test module reads the processor's counter on both sides of the call.
//! Where QEMU counts instructions, that is what it counts.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{ROUNDS, SETTLE, WARM_UP};
use crate::guest::channel::Channel;
use crate::guest::module::{self, Answer};
use crate::measured::{Measured, Way};
use crate::protocol::Line;

/// The program, which exits with 1.
const EMPTY: &str = "/usr/lib/umh-bench/empty";

/// Measures every way, and sends one file each.
pub fn run(channel: &Channel) -> Result<()> {
    fs::write("/proc/sys/kernel/modprobe", EMPTY).context("kernel.modprobe")?;
    // Where a stack begins decides how many tables its pages need.
    let layout = "/proc/sys/kernel/randomize_va_space";
    fs::write(layout, "0").context(layout)?;

    let mut measured = vec![Measured::default(); Way::ALL.len()];
    for round in 0..WARM_UP + ROUNDS {
        for (measured, &way) in measured.iter_mut().zip(Way::ALL) {
            std::thread::sleep(SETTLE);
            let cycles = make(way).context(way.name())?;
            if round >= WARM_UP {
                measured.times.push(cycles);
            }
        }
    }
    for (measured, &way) in measured.iter().zip(Way::ALL) {
        let bytes = measured.to_string().into_bytes();
        channel.send(&Line::File(way.name().into(), bytes))?;
    }
    Ok(())
}

/// Makes one call; the cycles that it took.
fn make(way: Way) -> Result<u64> {
    let call =
        |path: &str, flags| module::call_counted(path.as_bytes(), &[EMPTY.as_bytes()], &[], flags);
    let (answer, wanted) = match way {
        Way::Proc => (call(EMPTY, 0x02)?, 1 << 8),
        Way::Exec => (call(EMPTY, 0x01)?, 0),
        Way::EmptyPath => (call("", 0x01)?, 0),
        Way::Module => (module::request_module_counted(b"umh-bench", true)?, 1 << 8),
    };
    let Answer { result, cycles } = answer;
    ensure!(result == wanted, "the kernel says {result}");
    ensure!(cycles > 0, "the processor counts nothing");
    Ok(cycles)
}
