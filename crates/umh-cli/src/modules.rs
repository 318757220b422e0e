// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules`: kernel modules, for people.

pub mod info;
pub mod list;
pub mod need;
pub mod why;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;

use umh_modules::system;

use crate::args;
use crate::failure::{Exit, Failure};
use crate::report::show;
use crate::tree::Tree;

/// Does what a command of `umh modules` says.
pub fn run(
    args: &args::Modules,
    tree: &Tree,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    match args {
        args::Modules::List => show(&list::list(tree)?, json, out),
        args::Modules::Info(args) => show(&info::info(args, tree)?, json, out),
        args::Modules::Why(args) => show(&why::why(args, tree)?, json, out),
        args::Modules::Tree(args) => show(&need::tree(args, tree)?, json, out),
    }
}

/// The kernel whose modules are meant: `named`, or the running one; in an
/// image the only one that is there.
fn release(named: Option<&OsStr>, tree: &Tree) -> Result<Vec<u8>, Failure> {
    if let Some(named) = named {
        return Ok(named.as_bytes().to_vec());
    }
    let running = system::release();
    if tree.is_system() {
        return Ok(running);
    }
    let there = tree.list(MODULES);
    let there = there.map_err(|error| Failure::io("read", tree.show(MODULES), &error))?;
    match there.as_slice() {
        [only] => Ok(only.as_bytes().to_vec()),
        several if several.iter().any(|name| name.as_bytes() == running) => Ok(running),
        several => {
            let names: Vec<_> = several.iter().map(|name| name.to_string_lossy()).collect();
            let error = format!(
                "{} has modules of: {}",
                tree.show(MODULES),
                names.join(", ")
            );
            Err(Failure::wrong(error, "name one of them with --release"))
        }
    }
}

const MODULES: &str = "/lib/modules";

/// Bytes as JSON and people get them.
fn text(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().escape_ascii().to_string()
}

/// Several of them.
fn texts(names: &[Vec<u8>]) -> Vec<String> {
    names.iter().map(text).collect()
}

/// That a release has no lists, which answers nothing.
fn without_lists(tree: &Tree, release: &[u8]) -> Failure {
    let directory = tree.show(&format!("{MODULES}/{}", text(release)));
    let error = format!("{directory} has no modules.dep");
    let remedy = "name a kernel whose modules are installed with --release, or run depmod";
    Failure::unable(error, remedy)
}

/// The name without what a person may have put around it.
fn name_of(name: &OsString) -> &[u8] {
    name.as_bytes().trim_ascii()
}
