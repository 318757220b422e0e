// SPDX-License-Identifier: MIT OR Apache-2.0

//! The arguments of depmod: kmod's, and two of our own.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueHint};

/// Write the indexes of a kernel's modules, which modprobe and others look names up in.
///
/// Reads every module below /lib/modules/VERSION (of the running kernel, if no VERSION is given) and writes modules.dep,
/// modules.alias, modules.symbols and the others beside them. With FILES, which are absolute paths, only of these.
#[derive(Debug, Parser)]
#[command(
    name = "depmod",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true,
    after_long_help = AFTER
)]
pub struct Depmod {
    /// Look at all modules: what is done without FILES anyway.
    #[arg(short, long)]
    pub(super) all: bool,

    /// Do nothing unless a module is newer than modules.dep.
    #[arg(short = 'A', long)]
    pub(super) quick: bool,

    /// The modules are those of the system in DIR.
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) basedir: Option<PathBuf>,

    /// Kernels have their directories in DIR, below --basedir.
    #[arg(short, long, value_name = "DIR", default_value = "/lib/modules", value_hint = ValueHint::DirPath)]
    pub(super) moduledir: PathBuf,

    /// Write the indexes below DIR, not below --basedir.
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) outdir: Option<PathBuf>,

    /// Read PATH, a file or a directory, in place of /etc/depmod.d and the others; may be repeated.
    #[arg(short = 'C', long, value_name = "PATH", action = ArgAction::Append, value_hint = ValueHint::AnyPath)]
    pub(super) config: Vec<PathBuf>,

    /// Check symbols and their versions against FILE, the kernel's Module.symvers.
    #[arg(short = 'E', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) symvers: Option<PathBuf>,

    /// Check symbols against FILE, the kernel's System.map.
    #[arg(short = 'F', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) filesyms: Option<PathBuf>,

    /// Warn of symbols that nobody offers; with -E or -F.
    #[arg(short, long)]
    pub(super) errsyms: bool,

    /// Print the indexes, and write none.
    #[arg(short = 'n', long, visible_alias = "dry-run")]
    pub(super) show: bool,

    /// The character that the architecture puts before each symbol.
    #[arg(short = 'P', long, value_name = "CHARACTER")]
    pub(super) symbol_prefix: Option<OsString>,

    /// Warn of what modules say twice.
    #[arg(short, long)]
    pub(super) warn: bool,

    /// Remember in FILE what each module says, and read only those that changed since. Without --basedir and --outdir
    /// that is done anyway, in /var/cache/umh/depmod/VERSION.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) remember: Option<PathBuf>,

    /// Read every module, and remember nothing.
    #[arg(long, conflicts_with = "remember")]
    pub(super) full: bool,

    /// Say which module needs which; may be repeated.
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,

    /// Show version.
    #[arg(short = 'V', long)]
    pub(super) version: bool,

    /// The kernel's version, and then files.
    #[arg(value_name = "VERSION [FILES]")]
    pub(super) operands: Vec<OsString>,
}

const AFTER: &str = "\
Examples:
  depmod                                       after a module was added or removed
  depmod -A                                    the same, if there is work at all
  depmod -b /mnt/image 6.12.9                  of the kernel in an image
  depmod -ae -F System.map 6.12.9              and check symbols, as the kernel's makefiles do
  depmod -b tree -o out --remember=seen 6.12.9 of a tree that changes little, again and again

Exit codes:
  0  the indexes are in place; modules that could not be read were named
  1  the indexes are as they were: wrong use, modules that need each other, more than half of them unreadable, or
     the directory cannot be written to";
