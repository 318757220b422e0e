// SPDX-License-Identifier: MIT OR Apache-2.0

//! The trees of Linux that `kernel/` is built in, and the kernels that come
//! from each, by one option.

use anyhow::Result;
use umh_vm::plan::Kernel;

use crate::cache::Cache;
use crate::debian::Debian;
use crate::kernel::source::Source;

/// A tree, and how its kernels are built.
pub(super) struct Tree {
    pub(super) name: &'static str,
    /// Over `make tinyconfig`, in `tests/vm/kernels`.
    pub(super) fragments: &'static [&'static str],
    /// The kernel that its modules are built with.
    pub(super) main: Kernel,
    /// In `kernel/`, what Linux needs.
    pub(super) patch: &'static str,
    pub(super) machine: Machine,
}

/// What it runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    /// A PC, as QEMU has it.
    Pc,
    /// A process of Linux's: User-Mode Linux.
    Process,
}

const PLAIN: Tree = Tree {
    name: "rust-6.12",
    fragments: &["option-6.12.config", "rust-6.12.config"],
    main: Kernel::Rust612,
    patch: "linux-6.12.patch",
    machine: Machine::Pc,
};

const DEBUG: Tree = Tree {
    name: "rust-debug-6.12",
    fragments: &[
        "option-6.12.config",
        "rust-6.12.config",
        "rust-debug-6.12.config",
    ],
    main: Kernel::RustDebug612,
    ..PLAIN
};

const UML: Tree = Tree {
    name: "uml-7.2",
    fragments: &["option-6.12.config", "rust-6.12.config", "uml-7.2.config"],
    main: Kernel::Uml72,
    patch: "linux-7.2.patch",
    machine: Machine::Process,
};

impl Tree {
    /// That of `kernel`.
    pub(super) fn of(kernel: Kernel) -> &'static Self {
        match kernel {
            Kernel::RustDebug612 => &DEBUG,
            Kernel::Uml72 | Kernel::CUml72 => &UML,
            _ => &PLAIN,
        }
    }

    /// The source that it is made of.
    pub(super) fn source(&self, cache: &Cache, debian: &Debian<'_>) -> Result<Source> {
        match self.machine {
            Machine::Pc => Source::of_6_12(debian),
            Machine::Process => Source::of_unstable(cache),
        }
    }
}

impl Machine {
    /// What make(1) is told of it.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Pc => &["LLVM=1"],
            Self::Process => &["LLVM=1", "ARCH=um"],
        }
    }

    /// What make(1) makes for it, and what of that is started.
    pub(super) fn image(self) -> (&'static str, &'static str) {
        match self {
            Self::Pc => ("bzImage", "arch/x86/boot/bzImage"),
            Self::Process => ("vmlinux", "vmlinux"),
        }
    }
}

/// What a kernel of a tree has and others have not.
pub(super) fn variant(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::C612 | Kernel::CUml72 => {
            "# CONFIG_RUST_UMH is not set\n# CONFIG_STATIC_USERMODEHELPER is not set\n"
        }
        Kernel::RustOption612 => concat!(
            "CONFIG_RUST_UMH=y\nCONFIG_RUST_UMH_KUNIT_TEST=y\n",
            "CONFIG_STATIC_USERMODEHELPER=y\n",
            "CONFIG_STATIC_USERMODEHELPER_PATH=\"/sbin/usermode-helper\"\n",
        ),
        _ => concat!(
            "CONFIG_RUST_UMH=y\nCONFIG_RUST_UMH_KUNIT_TEST=y\n",
            "# CONFIG_STATIC_USERMODEHELPER is not set\n",
        ),
    }
}
