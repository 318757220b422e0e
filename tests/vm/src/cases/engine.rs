// SPDX-License-Identifier: MIT OR Apache-2.0

//! The calling half: what comes of a call, whichever code of the kernel makes
//! it. `cargo xtask vm --compare` holds `kernel/` against Linux's own C by
//! these cases. No usermode-helper answers here: the programs are the probe.

mod bounds;
mod inside;
mod request_module;
mod results;
mod sample;
mod started;
mod suspend;
mod waiters;
mod watched;

use anyhow::{Result, ensure};

use super::Case;
use crate::guest::Machine;
use crate::plan::{Kernel, Suite};

/// Every kernel that is built in two ways, or may be watched.
const KERNELS: &[Kernel] = Suite::Engine.kernels();

pub(super) const FILES: &[&[Case]] = &[
    inside::CASES,
    results::CASES,
    started::CASES,
    request_module::CASES,
    waiters::CASES,
    suspend::CASES,
    sample::CASES,
    bounds::CASES,
    watched::CASES,
];

const fn engine(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    on(KERNELS, name, run)
}

const fn on(
    kernels: &'static [Kernel],
    name: &'static str,
    run: fn(&Machine) -> Result<()>,
) -> Case {
    Case::new(name, Suite::Engine, kernels, run)
}

/// The sysctl of the program that loads modules.
const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// Has the probe be modprobe, and obey.
fn modprobe_is_the_probe(machine: &Machine, orders: &str) -> Result<()> {
    machine.probe("/sbin/modprobe")?;
    machine.set(MODPROBE, "/sbin/modprobe")?;
    machine.order("modprobe", orders)
}

/// That a caller got `wanted`.
fn got(what: &str, result: i64, wanted: i64) -> Result<()> {
    ensure!(result == wanted, "{what}: {result}, not {wanted}");
    Ok(())
}
