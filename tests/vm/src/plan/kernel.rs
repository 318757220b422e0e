// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernels that guests boot.

/// The kernels that guests boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Debian 12's own package, unmodified.
    Stock61,
    /// Debian's 6.12 package, unmodified.
    Stock612,
    /// Debian's 6.12 source with `tests/vm/kernels/option-6.12.config`:
    /// `CONFIG_STATIC_USERMODEHELPER` and what stock kernels leave out.
    Option612,
    /// That source by clang, with [`Kernel::Rust612`]'s settings and Linux's
    /// own `kernel/umh.c`: what the next one is held against.
    C612,
    /// The same tree with `kernel/` in its place; settings name the programs.
    Rust612,
    /// [`Kernel::Rust612`] with `CONFIG_STATIC_USERMODEHELPER`.
    RustOption612,
    /// [`Kernel::Rust612`] with what finds faults: lockdep, kmemleak, ...
    RustDebug612,
    /// Debian unstable's source as User-Mode Linux, with Linux's own C.
    CUml72,
    /// The same tree with `kernel/` in its place.
    Uml72,
}

impl Kernel {
    /// Every kernel.
    pub const ALL: &'static [Self] = &[
        Self::Stock61,
        Self::Stock612,
        Self::Option612,
        Self::C612,
        Self::Rust612,
        Self::RustOption612,
        Self::RustDebug612,
        Self::CUml72,
        Self::Uml72,
    ];

    /// Those whose calls Linux's own code makes, as people have them.
    pub const OWN: &'static [Self] = &[Self::Stock61, Self::Stock612, Self::Option612];

    /// The word on command lines and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stock61 => "stock-6.1",
            Self::Stock612 => "stock-6.12",
            Self::Option612 => "option-6.12",
            Self::C612 => "c-6.12",
            Self::Rust612 => "rust-6.12",
            Self::RustOption612 => "rust-option-6.12",
            Self::RustDebug612 => "rust-debug-6.12",
            Self::CUml72 => "c-uml-7.2",
            Self::Uml72 => "uml-7.2",
        }
    }

    /// The kernel of people's that it does the same as: whose cases it passes.
    pub const fn stands_for(self) -> Option<Self> {
        match self {
            Self::C612 | Self::Rust612 | Self::RustDebug612 => Some(Self::Stock612),
            Self::RustOption612 => Some(Self::Option612),
            _ => None,
        }
    }

    /// Whether it is among `kernels`, or stands for one of them.
    pub fn is_in(self, kernels: &[Self]) -> bool {
        let stands = self.stands_for();
        kernels.contains(&self) || stands.is_some_and(|kernel| kernels.contains(&kernel))
    }

    /// Whether `CONFIG_STATIC_USERMODEHELPER` sends every call to our program.
    pub const fn has_option(self) -> bool {
        matches!(self, Self::Option612 | Self::RustOption612)
    }

    /// Whether it watches itself, for which it takes time and memory.
    pub const fn is_watched(self) -> bool {
        matches!(self, Self::RustDebug612)
    }

    /// Whether it is a process of the host's and no machine in QEMU.
    pub const fn is_process(self) -> bool {
        matches!(self, Self::CUml72 | Self::Uml72)
    }

    /// Whether its calls are made by Linux's own C.
    pub const fn is_in_c(self) -> bool {
        !matches!(
            self,
            Self::Rust612 | Self::RustOption612 | Self::RustDebug612 | Self::Uml72
        )
    }

    /// The kernel of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kernel| kernel.name() == name)
    }
}
