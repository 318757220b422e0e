// SPDX-License-Identifier: GPL-2.0-only

//! What is called otherwise from one Linux to the next: 6.12 or 7.2, as the
//! Makefile says. No other file asks.

/// The unbound workqueue: its workers have the widest affinity, and may block.
#[cfg(linux_6)]
pub(crate) use kernel::bindings::system_unbound_wq as UNBOUND;
#[cfg(linux_7)]
pub(crate) use kernel::bindings::system_dfl_wq as UNBOUND;

/// Fails the KUnit test that runs, unless the condition holds.
#[cfg(all(CONFIG_RUST_UMH_KUNIT_TEST, linux_6))]
macro_rules! check {
    ($condition:expr) => {
        kernel::kunit_assert!("umh", "kernel/umh/tests.rs", 0, $condition)
    };
}
#[cfg(all(CONFIG_RUST_UMH_KUNIT_TEST, linux_7))]
macro_rules! check {
    ($condition:expr) => {
        kernel::kunit_assert!("umh", c"kernel/umh/tests.rs", 0, $condition)
    };
}
#[cfg(CONFIG_RUST_UMH_KUNIT_TEST)]
pub(crate) use check;
