// SPDX-License-Identifier: MIT OR Apache-2.0

//! `rmmod`: takes modules out of the kernel, and nothing else with them.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use clap::Parser;
use umh_helper::sys::Root;
use umh_modules::tree::Tree;
use umh_modules::{name, state};

use super::messages::{Level, Messages};
use super::removal::{self, Wait};
use super::usage::{self, Common, Ended};
use super::{Words, file};

/// Remove modules from the kernel.
///
/// Each MODULE is a name, or a module's file. A module that is in use stays; the others are still tried, and the exit
/// code is then 1. `modprobe -r` also removes what a module has brought along.
#[derive(Debug, Parser)]
#[command(
    name = "rmmod",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true
)]
pub struct Rmmod {
    /// Remove a module that is in use, or that cannot be removed: the kernel may crash (CONFIG_MODULE_FORCE_UNLOAD).
    #[arg(short, long)]
    force: bool,

    /// Wait until a module has no users any more.
    #[arg(short, long)]
    wait: bool,

    /// Do nothing: kernels no longer remove by themselves what nobody uses. Scripts for busybox say it.
    #[arg(short, long)]
    all: bool,

    #[command(flatten)]
    common: Common,

    /// What to remove.
    #[arg(value_name = "MODULE")]
    modules: Vec<OsString>,
}

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let args: Rmmod = usage::parse("rmmod", words, out)?;
    if args.common.version {
        return Ok(usage::version(out)?);
    }
    let messages = Messages::new(
        "rmmod",
        Level::Error.raised(args.common.verbose),
        args.common.syslog,
    );
    if args.modules.is_empty() && args.all {
        return Ok(());
    }
    if args.modules.is_empty() {
        messages.error("missing module name.");
        return Err(Ended::Badly);
    }

    let mut ended = Ok(());
    for word in &args.modules {
        if let Err(reason) = remove(word, &args) {
            messages.error(reason);
            ended = Err(Ended::Badly);
        }
    }
    ended
}

fn remove(word: &OsString, args: &Rmmod) -> Result<(), String> {
    let name = name_of(word);
    let shown = name.escape_ascii();
    let wait = if args.wait { Wait::ForEver } else { Wait::No };
    if !args.force {
        is_removable(&name, wait)?;
    }
    removal::remove(&name, args.force, wait).map_err(|errno| {
        let cause = removal::cause(&Root::System, &name, errno);
        format!("could not remove module {shown}: {cause}")
    })
}

/// Whether the kernel would remove it, as far as `/sys` tells.
fn is_removable(name: &[u8], wait: Wait) -> Result<(), String> {
    let system = &Root::System;
    let shown = name.escape_ascii();
    // Without /sys the kernel itself is asked.
    if !Path::new("/sys/module").is_dir() {
        return Ok(());
    }
    match state::of(system, name) {
        Ok(Some(_)) => {}
        Ok(None) | Err(_) if is_builtin(name) => return Err(format!("Module {shown} is builtin.")),
        Ok(None) | Err(_) => return Err(format!("Module {shown} is not currently loaded")),
    }
    let users = removal::users(system, name);
    if !users.is_empty() {
        return Err(format!("Module {shown} is in use{users}"));
    }
    match state::references(system, name) {
        None => Err(
            "Module unloading is not supported by this kernel (CONFIG_MODULE_UNLOAD)".to_owned(),
        ),
        Some(1..) if wait == Wait::No => Err(format!("Module {shown} is in use")),
        Some(_) => Ok(()),
    }
}

/// The module that a word means: the one in a file, or of that name.
fn name_of(word: &OsString) -> Vec<u8> {
    let path = Path::new(word);
    if path.exists() {
        return file::module_name(path);
    }
    name::of_module(word.as_bytes())
}

/// Whether it is part of this kernel.
fn is_builtin(name: &[u8]) -> bool {
    Tree::running(&Root::System)
        .is_builtin(name)
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_name_or_a_file() {
        assert_eq!(name_of(&"snd-hda-intel".into()), b"snd_hda_intel");
        assert_eq!(name_of(&"loop.ko.xz".into()), b"loop");
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a-b.ko.zst");
        std::fs::write(&file, "").unwrap();
        assert_eq!(name_of(&file.into()), b"a_b");
    }
}
