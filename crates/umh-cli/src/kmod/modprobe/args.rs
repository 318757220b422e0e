// SPDX-License-Identifier: MIT OR Apache-2.0

//! The arguments of `modprobe`.

use std::ffi::OsString;

use clap::{Parser, ValueHint};

use crate::kmod::usage::Common;

/// Put modules into the kernel with all that they need, or take them out.
///
/// NAME is a module, or an alias such as the kernel and udev ask for; or a module's file, if it begins with / or ./.
/// What a name leads to is in the lists that depmod made and in modprobe.d(5); `umh modules why NAME` shows how.
#[derive(Debug, Default, Parser)]
#[command(
    name = "modprobe",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true,
    override_usage = "modprobe [OPTIONS] NAME [PARAMETER]...\n       modprobe [OPTIONS] -a NAME...\n       modprobe [OPTIONS] -r NAME...\n       modprobe [OPTIONS] -D NAME | -R NAME | -c",
    after_long_help = EPILOGUE
)]
pub struct Modprobe {
    /// All words are names.
    #[arg(short, long)]
    pub all: bool,

    /// Take modules out, and what they alone have brought along.
    #[arg(short, long)]
    pub remove: bool,

    /// With -r, which it implies: also take out the modules that use the module.
    #[arg(long, alias = "remove-dependencies")]
    pub remove_holders: bool,

    /// With -r: wait so long for a module's users to go.
    #[arg(short, long, value_name = "MSEC", allow_hyphen_values = true)]
    pub wait: Option<String>,

    /// Fail if a module is there already, or with -r, is not.
    #[arg(long)]
    pub first_time: bool,

    /// Pass over the `install` and `remove` commands, and the soft dependencies, of the module itself.
    #[arg(short, long, alias = "ignore-remove")]
    pub ignore_install: bool,

    /// Do not load what is blacklisted, not even by its own name.
    #[arg(short = 'b', long)]
    pub use_blacklist: bool,

    /// Both of the next two; with -r, remove what is in use. The kernel may crash, and is marked as tainted.
    #[arg(short, long)]
    pub force: bool,

    /// Do not compare the versions of the symbols that the module uses.
    #[arg(long)]
    pub force_modversion: bool,

    /// Do not compare the kernel that the module was built for with this one.
    #[arg(long)]
    pub force_vermagic: bool,

    /// Only print the modules that NAME leads to.
    #[arg(short = 'R', long, alias = "resolve-alias")]
    pub show_alias: bool,

    /// Only print what would be loaded, in order, as if nothing were loaded.
    #[arg(short = 'D', long)]
    pub show_depends: bool,

    /// Only print the configuration and the aliases.
    #[arg(short = 'c', long, alias = "showconfig")]
    pub show_config: bool,

    /// Only print the symbols that a module uses, with their versions.
    #[arg(long, alias = "dump-modversions")]
    pub show_modversions: bool,

    /// Only print the symbols that a module exports, with their versions.
    #[arg(long)]
    pub show_exports: bool,

    /// Do everything but the loading, the removing and the commands.
    #[arg(short = 'n', long, alias = "show")]
    pub dry_run: bool,

    /// Read this file or directory in place of all modprobe.d directories; may be repeated.
    #[arg(short = 'C', long, value_name = "PATH", allow_hyphen_values = true, value_hint = ValueHint::AnyPath)]
    pub config: Vec<OsString>,

    /// Look for lib/modules in DIR, not in /.
    #[arg(short, long, value_name = "DIR", allow_hyphen_values = true, value_hint = ValueHint::DirPath)]
    pub dirname: Option<OsString>,

    /// Modules of this kernel, not of the running one.
    #[arg(short = 'S', long, value_name = "RELEASE", allow_hyphen_values = true)]
    pub set_version: Option<OsString>,

    /// Say nothing, not even of errors.
    #[arg(short, long)]
    pub quiet: bool,

    /// What every tool takes.
    #[command(flatten)]
    pub common: Common,

    /// The name and its parameters, or names.
    #[arg(value_name = "NAME")]
    pub words: Vec<OsString>,
}

const EPILOGUE: &str = "\
Environment:
  MODPROBE_OPTIONS  options that stand before those of the command line
  MODPROBE_MODULE   for `install` and `remove` commands: the module that they are run for

Exit codes:
  0  done; also if the module is there already, is built in, or is blacklisted
  1  not done";
