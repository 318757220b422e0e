// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is damaged, and which command reads it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use fastrand::Rng;

use super::mutate::damage;
use crate::case::Case;

/// The world whose files are damaged.
pub(super) fn world() -> Result<Case> {
    toml::from_str(include_str!("world.toml")).context("world.toml")
}

/// What is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Index,
    Module,
    Compressed,
    Configuration,
    CommandLine,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Index,
        Self::Module,
        Self::Compressed,
        Self::Configuration,
        Self::CommandLine,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Index => "indexes",
            Self::Module => "modules",
            Self::Compressed => "compressed modules",
            Self::Configuration => "configuration",
            Self::CommandLine => "command lines",
        }
    }

    pub(super) const fn number(self) -> usize {
        self as usize
    }

    /// The files that are damaged: one is chosen.
    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Index => &[
                "modules.dep.bin",
                "modules.alias.bin",
                "modules.symbols.bin",
                "modules.builtin.bin",
                "modules.builtin.alias.bin",
            ],
            Self::Module => &["kernel/a.ko", "kernel/big.ko", "kernel/signed.ko"],
            Self::Compressed => &["kernel/x.ko.xz", "kernel/z.ko.zst", "kernel/g.ko.gz"],
            Self::Configuration => &[
                "/etc/modprobe.d/x.conf",
                "/etc/depmod.d/x.conf",
                "/proc/cmdline",
                "/proc/modules",
                "modules.dep",
                "modules.softdep",
                "modules.devname",
                "modules.order",
                "modules.builtin",
                "modules.builtin.modinfo",
                "/boot/System.map",
                "/boot/Module.symvers",
            ],
            // Nothing is: it is read as it is.
            Self::CommandLine => &["/etc/modprobe.d/x.conf"],
        }
    }

    /// The commands that read them: one is chosen. None of them runs what a
    /// damaged line may say.
    const fn commands(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Index => &[
                &["modprobe", "-R", "pci:v00008086d00001234sv1"],
                &["modprobe", "-D", "a"],
                &["modprobe", "-D", "of:NfooTbarCvendor,chip"],
                &["modprobe", "-q", "--", "symbol:shared_function"],
                &["modprobe", "-c"],
                &["modinfo", "built"],
            ],
            Self::Module => &[
                &["depmod", "-n"],
                &["depmod", "-n", "-e", "-E", "/boot/Module.symvers"],
                &["modinfo", "a", "big", "signed"],
                &[
                    "modprobe",
                    "--show-modversions",
                    "/lib/modules/6.12.1-test/kernel/a.ko",
                ],
                &[
                    "modprobe",
                    "--show-exports",
                    "/lib/modules/6.12.1-test/kernel/big.ko",
                ],
                &["modprobe", "-f", "a"],
                &["insmod", "/lib/modules/6.12.1-test/kernel/signed.ko"],
            ],
            Self::Compressed => &[
                &["depmod", "-n"],
                &["modinfo", "x", "z", "g"],
                &["modprobe", "-a", "x", "z", "g"],
                &["insmod", "/lib/modules/6.12.1-test/kernel/z.ko.zst"],
            ],
            Self::Configuration => &[
                &["modprobe", "-c"],
                &["modprobe", "-D", "a"],
                &["modprobe", "-n", "-v", "-a", "a", "x", "one-two"],
                &["modprobe", "-R", "one-two"],
                &["modprobe", "-r", "-n", "-v", "live"],
                &["depmod", "-n"],
                &["depmod", "-n", "-e", "-F", "/boot/System.map"],
                &["depmod", "-n", "-e", "-E", "/boot/Module.symvers"],
                &["lsmod"],
                &["rmmod", "live"],
                &["kmod", "static-nodes", "-f", "tmpfiles"],
                &["modinfo", "built"],
            ],
            Self::CommandLine => &[
                &["modprobe"],
                &["depmod"],
                &["insmod"],
                &["rmmod"],
                &["lsmod"],
                &["modinfo"],
                &["kmod"],
            ],
        }
    }
}

/// One run of many.
pub(super) struct Input {
    pub(super) kind: Kind,
    /// The file, as in a case.
    pub(super) path: String,
    /// What it holds.
    pub(super) content: Vec<u8>,
    pub(super) argv: Vec<String>,
}

impl Input {
    /// What `rng` says, made of the files of `case` at `root`.
    pub(super) fn new(rng: &mut Rng, case: &Case, root: &Path) -> Result<Self> {
        let kind = rng.choice(Kind::ALL).unwrap_or(Kind::Index);
        let path = rng.choice(kind.files()).copied().unwrap_or_default();
        let command = rng.choice(kind.commands()).copied().unwrap_or_default();
        let place = root.join(case.place(path));
        let read = fs::read(&place).with_context(|| format!("cannot read {}", place.display()));
        let mut content = read?;
        let mut argv: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        match kind {
            Kind::CommandLine => argv.extend((0..rng.usize(0..4)).map(|_| word(rng))),
            _ => damage(&mut content, WORDS, rng),
        }
        Ok(Self {
            kind,
            path: path.to_owned(),
            content,
            argv,
        })
    }

    /// Whether the command may change more than the file that was damaged.
    pub(super) fn may_write(&self) -> bool {
        let loads = |word: &String| ["modprobe", "insmod", "rmmod"].contains(&word.as_str());
        self.kind == Kind::CommandLine || self.argv.first().is_some_and(loads)
    }
}

/// A word of a command line: an option, a name, or something like these.
fn word(rng: &mut Rng) -> String {
    let word = rng.choice(ARGUMENTS).copied().unwrap_or_default();
    if rng.u8(0..3) != 0 {
        return word.to_owned();
    }
    let mut bytes = word.as_bytes().to_vec();
    damage(&mut bytes, WORDS, rng);
    // What an argument cannot have, and more than one can be.
    bytes.retain(|byte| *byte != 0);
    bytes.truncate(100_000);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What lines and indexes are made of.
const WORDS: &[&[u8]] = &[
    b"alias ",
    b"options ",
    b"install ",
    b"softdep ",
    b" pre: ",
    b" post: ",
    b"blacklist ",
    b"forbid ",
    b"weakdep ",
    b"search ",
    b"override ",
    b"external ",
    b"exclude ",
    b"\\\n",
    b"\n",
    b"\0",
    b"[a-z]",
    b"[!x]",
    b"*?*?*?",
    b"symbol:",
    b"\"",
    b".",
    b"=",
    b"name=",
    b"alias=",
    b"\xb0\x07\xf4\x57\x00\x02\x00\x01",
    b"\x7fELF",
    b"~Module signature appended~\n",
];

/// Words that command lines are made of.
const ARGUMENTS: &[&str] = &[
    "a",
    "x",
    "b-c",
    "nothing",
    "live",
    "built",
    "pci:v1d2",
    "-a",
    "-r",
    "-q",
    "-v",
    "-n",
    "-D",
    "-R",
    "-c",
    "-f",
    "-b",
    "-i",
    "-C",
    "-d",
    "-S",
    "-o",
    "-e",
    "-E",
    "-F",
    "-k",
    "-m",
    "-P",
    "-w",
    "-A",
    "-0",
    "-p",
    "-l",
    "-V",
    "-h",
    "--",
    "-",
    "--show-depends",
    "--first-time",
    "--remove-holders",
    "--wait=10",
    "--dry-run",
    "--symbol-prefix=_",
    "6.12.1-test",
    "1.2.3",
    "/",
    "/tmp",
    "/etc/modprobe.d",
    "/lib/modules/6.12.1-test/kernel/a.ko",
    "/boot/System.map",
    "/boot/Module.symvers",
    "list",
    "static-nodes",
    "x=1",
    "x=\"1 2\"",
    "",
    "=",
    "[",
    "]",
];
