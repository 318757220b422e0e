// SPDX-License-Identifier: MIT OR Apache-2.0

//! `lsmod`, `kmod list`: what is in the kernel.

use std::io::Write;

use clap::Parser;

use super::Words;
use super::messages::{Level, Messages, reason};
use super::running;
use super::usage::{self, Common, Ended};

/// Show the modules in the kernel.
///
/// One line a module: its name, its size in bytes, how many users it has, and which of them are modules. It is
/// /proc/modules in columns; `umh modules list` tells more.
#[derive(Debug, Parser)]
#[command(
    name = "lsmod",
    infer_long_args = true,
    args_override_self = true,
    disable_version_flag = true
)]
pub struct Lsmod {
    #[command(flatten)]
    common: Common,

    #[arg(hide = true)]
    operands: Vec<std::ffi::OsString>,
}

/// Does what `words` say.
pub fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    let args = usage::parse::<Lsmod>("lsmod", words, out)?;
    list(&args, "lsmod", out)
}

/// Lists, as `tool`.
pub fn list(args: &Lsmod, tool: &'static str, out: &mut dyn Write) -> Result<(), Ended> {
    if args.common.version {
        return Ok(usage::version(out)?);
    }
    let messages = Messages::new(
        tool,
        Level::Error.raised(args.common.verbose),
        args.common.syslog,
    );
    if !args.operands.is_empty() {
        messages.error("too many arguments provided.");
        return Err(Ended::Badly);
    }
    let loaded = running::loaded().map_err(|error| {
        messages.error(format_args!(
            "could not open /proc/modules: {} (is /proc mounted, and does this kernel have modules?)",
            reason(&error)
        ));
        Ended::Badly
    })?;

    writeln!(out, "Module                  Size  Used by")?;
    for module in loaded {
        let name = module.name.escape_ascii();
        let users = module.users.join(&b',').escape_ascii().to_string();
        let space = if users.is_empty() { "" } else { " " };
        writeln!(
            out,
            "{:<19} {:>8}  {}{space}{users}",
            name.to_string(),
            module.size,
            module.references
        )?;
    }
    Ok(())
}
