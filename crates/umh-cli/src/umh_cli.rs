// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh`: what the kernel asked of user space, what was answered, and why.
//!
//! The people's half of the project: everything here is started by a person
//! or a script, nothing by the kernel. What `usermode-helper` decides and
//! records is read with the very code that decides and records, the library
//! `umh_helper`. One file a command; [`args`] is all of them at a glance, and
//! the source of `--help`, man pages and completions.

#![forbid(unsafe_code)]

pub mod args;
pub mod columns;
pub mod depmod;
pub mod failure;
pub mod generate;
pub mod hash;
pub mod initramfs;
pub mod install;
pub mod kernel_option;
pub mod kmod;
pub mod log;
pub mod modules;
pub mod paths;
pub mod policy;
pub mod report;
pub mod status;
pub mod tree;
pub mod uninstall;

use std::io::Write;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::report::show;
use crate::tree::Tree;

/// Does what `cli` says and writes what comes of it to `out`.
pub fn run(cli: &Cli, out: &mut dyn Write) -> Result<Exit, Failure> {
    let tree = Tree::open(cli.root.as_deref())?;
    match &cli.command {
        Command::Log(args) => log::run(args, &tree, cli.json, out),
        Command::Status(args) => show(&status::status(args, &tree)?, cli.json, out),
        Command::Modules(args) => modules::run(args, &tree, cli.json, out),
        Command::Policy(args) => policy::run(args, &tree, cli.json, out),
        Command::Install(args) => show(&install::run(args, &tree)?, cli.json, out),
        Command::Uninstall(args) => show(&uninstall::run(args, &tree)?, cli.json, out),
        Command::Generate(args) => generate::run(args, out),
    }
}
