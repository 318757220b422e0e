// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is fixed about each caller.

/// What the caller waits for (`include/linux/umh.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// `UMH_NO_WAIT`: nothing; even a missing program is success.
    No,
    /// `UMH_WAIT_EXEC`: that the program started.
    Exec,
    /// `UMH_WAIT_PROC`: the program's end; the caller gets its wait status.
    Proc,
}

/// Which kernels have the caller, of the two that this crate was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Linux 6.12 and 7.2.
    Both,
    /// Linux 6.12; gone in 7.2.
    Only612,
}

/// Where the caller takes the program's path from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// A constant in the kernel.
    Fixed(&'static str),
    /// A setting, by its sysctl, sysfs or parameter name, with its default
    /// (empty: the call is off).
    Setting {
        /// What holds the path, as an administrator names it.
        name: &'static str,
        /// The path in a kernel whose configuration leaves it alone.
        default: &'static str,
    },
}

/// One caller of `call_usermodehelper()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The call's one name, everywhere in umh: `"request-key"`.
    pub name: &'static str,
    /// The calling function: `"kernel/module/kmod.c:call_modprobe"`.
    pub source: &'static str,
    /// The kernels that have it.
    pub kernels: Kernels,
    /// Where the program's path comes from.
    pub program: Program,
    /// What the caller waits for, in its usual form.
    pub wait: Wait,
}
