// SPDX-License-Identifier: MIT OR Apache-2.0

//! The arguments of `modprobe`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::{Parser, ValueHint};

use crate::kmod::usage::Common;

/// Put modules into the kernel with all that they need, or take them out.
///
/// NAME is a module, or an alias such as the kernel and udev ask for; or a module's file, if it begins with / or ./.
/// What a name leads to is in the lists that depmod made and in modprobe.d(5); `umh modules why NAME` shows how.
#[derive(Debug, Default, PartialEq, Eq, Parser)]
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

    /// Only print the files of all modules, or of those that each NAME, a pattern, fits: as busybox does.
    #[arg(short, long)]
    pub list: bool,

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

impl Modprobe {
    /// The arguments, if they are no more than what udev, initramfs scripts
    /// and the kernel say: short options and names. To read only these takes a
    /// hundredth of what it takes to set up for all of them, which would be
    /// longer than the lookup. `None` says nothing but that clap is to decide.
    pub fn usual(words: &[OsString]) -> Option<Self> {
        let mut args = Self::default();
        let mut words = words.iter().skip(1);
        while let Some(word) = words.next() {
            let flags = match word.as_bytes() {
                b"--" => break,
                [b'-', b'-', ..] | b"-" => return None,
                [b'-', flags @ ..] => flags,
                _ => {
                    args.words.push(word.clone());
                    continue;
                }
            };
            if let [option @ (b'C' | b'd' | b'S')] = flags {
                let value = words.next()?.clone();
                match option {
                    b'C' => args.config.push(value),
                    b'd' => args.dirname = Some(value),
                    _ => args.set_version = Some(value),
                }
                continue;
            }
            for flag in flags {
                let set = match flag {
                    b'a' => &mut args.all,
                    b'b' => &mut args.use_blacklist,
                    b'D' => &mut args.show_depends,
                    b'n' => &mut args.dry_run,
                    b'q' => &mut args.quiet,
                    b'r' => &mut args.remove,
                    b'R' => &mut args.show_alias,
                    _ => return None,
                };
                *set = true;
            }
        }
        args.words.extend(words.cloned());
        Some(args)
    }
}

const EPILOGUE: &str = "\
Environment:
  MODPROBE_OPTIONS  options that stand before those of the command line
  MODPROBE_MODULE   for `install` and `remove` commands: the module that they are run for

Exit codes:
  0  done; also if the module is there already, is built in, or is blacklisted
  1  not done";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_arguments_are_what_clap_makes_of_them() {
        for line in [
            "modprobe",
            "modprobe loop",
            "modprobe -q -- net-pf-9",
            "modprobe -qb pci:v0000",
            "modprobe -a -b one two",
            "modprobe loop -n max_loop=4 -- -x --",
            "modprobe -d /r -S 6.12.9 -C a -C b -D -- ext4",
            "modprobe -d -q -S -- -S x y",
            "modprobe -rn loop",
            "modprobe -R fs-ext4",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let usual = Modprobe::usual(&words).unwrap();
            assert_eq!(usual, Modprobe::try_parse_from(words).unwrap(), "{line}");
        }
    }

    #[test]
    fn what_is_not_usual_is_left_to_clap() {
        for line in ["-", "--all x", "-w5 x", "-d", "-dDIR x", "-v x", "-h", "-Z"] {
            let words = format!("modprobe {line}");
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            assert_eq!(Modprobe::usual(&words), None, "{line}");
        }
    }
}
