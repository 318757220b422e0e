// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the kernel says of itself: which code makes its calls, and what its
//! own tests found.

use anyhow::{Context as _, Result, ensure};

use super::{engine, on};
use crate::cases::Case;
use crate::guest::Machine;
use crate::guest::boot::mount;
use crate::plan::Kernel;

pub(super) const CASES: &[Case] = &[
    engine("the_calls_are_made_by_the_code_that_the_name_says", code),
    on(RUST, "the_tests_inside_the_kernel_pass", kunit),
];

const RUST: &[Kernel] = &[Kernel::Rust612, Kernel::RustDebug612, Kernel::Uml72];

fn code(machine: &Machine) -> Result<()> {
    let symbols = std::fs::read_to_string("/proc/kallsyms")?;
    let has = |name: &str| {
        symbols
            .lines()
            .any(|line| line.split(' ').nth(2) == Some(name))
    };
    // Both export it; C has static functions behind it, of which the compiler
    // keeps those that are called by their addresses, Rust a crate.
    ensure!(has("call_usermodehelper_exec"), "the symbols are hidden");
    let c = has("call_usermodehelper_exec_work") && has("free_modprobe_argv");
    let rust = symbols.contains("umh_core") && symbols.contains("umh_rust");
    let wanted = !machine.kernel.is_in_c();
    ensure!(c != wanted && rust == wanted, "in C: {c}, in Rust: {rust}");
    Ok(())
}

fn kunit(_machine: &Machine) -> Result<()> {
    debugfs()?;
    let results =
        std::fs::read_to_string("/sys/kernel/debug/kunit/umh/results").context("KUnit")?;
    let failed: Vec<_> = results
        .lines()
        .filter(|line| line.contains("not ok"))
        .collect();
    ensure!(failed.is_empty(), "{results}");
    ensure!(
        results
            .lines()
            .any(|line| line.trim_start().starts_with("ok ")),
        "{results}"
    );
    Ok(())
}

pub(super) fn debugfs() -> Result<()> {
    mount("debugfs", "/sys/kernel/debug", "debugfs", "")
}
