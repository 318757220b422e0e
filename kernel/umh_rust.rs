// SPDX-License-Identifier: GPL-2.0-only

//! The usermode helper of Linux, in Rust: in place of `kernel/umh.c`,
//! `kernel/module/kmod.c` and the helper part of `lib/kobject_uevent.c`.
//!
//! What a call *means* is in the crate `umh_core`, which knows no Linux; here
//! is what Linux lends to it, and the functions that C calls:
//!
//! | file | what |
//! | --- | --- |
//! | `host.rs` | the host of the engine |
//! | `api.rs` | the functions of `include/linux/umh.h` |
//! | `sysctls.rs` | `/proc/sys/kernel/usermodehelper` |
//! | `kmod.rs` | `request_module()` |
//! | `uevent.rs` | the uevent helper |
//! | `linux/` | locks, queues, processes, calls in memory: safe types |
//! | `glue.c` | what Rust cannot reach by itself |
//! | `tests.rs` | KUnit tests |

mod api;
mod host;
#[cfg(CONFIG_MODULES)]
mod kmod;
mod linux;
#[cfg(CONFIG_SYSCTL)]
mod sysctls;
#[cfg(CONFIG_RUST_UMH_KUNIT_TEST)]
mod tests;
#[cfg(CONFIG_UEVENT_HELPER)]
mod uevent;

/// Before each line in the kernel's log.
const __LOG_PREFIX: &[u8] = b"umh\0";
