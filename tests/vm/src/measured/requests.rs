// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the suite `bench-modules` measures: requests of the kernel for a
//! module, and who answers them.

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// usermode-helper, as the kernel reaches it by its link.
    Helper,
    /// kmod of this Debian release, by its link `modprobe`.
    Kmod(&'static str),
    /// busybox, by a link `modprobe`.
    Busybox,
}

impl Program {
    /// Every program, in the order of a round.
    pub const ALL: &'static [Self] = &[
        Self::Helper,
        Self::Kmod("trixie"),
        Self::Kmod("bookworm"),
        Self::Busybox,
    ];

    /// Where a guest has kmod of a release, with its loader and libraries.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Self::Kmod("trixie") => Some("/usr/lib/umh-bench/kmod-trixie"),
            Self::Kmod(_) => Some("/usr/lib/umh-bench/kmod-bookworm"),
            Self::Helper | Self::Busybox => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::Kmod(release) => release,
            Self::Busybox => "busybox",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `net-pf-9`, by socket(2): nobody has it.
    Nothing,
    /// `fs-minix`, by mount(2): an alias of a module, which is loaded.
    Module,
}

impl Wanted {
    /// Both, in the order of a round.
    pub const ALL: &'static [Self] = &[Self::Nothing, Self::Module];

    /// The word in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "miss",
            Self::Module => "hit",
        }
    }
}

/// The file in which a guest tells the figures of both.
pub fn file(program: Program, wanted: Wanted) -> String {
    format!("{}-{}", program.name(), wanted.name())
}
