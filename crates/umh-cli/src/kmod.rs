// SPDX-License-Identifier: MIT OR Apache-2.0

//! kmod's tools: `modprobe`, `insmod` and the others, as scripts know them.
//!
//! `umh` is one of them when it is started under its name (by a link), and
//! `umh NAME ...` is the same. Options, output and exit codes (0 and 1) are
//! kmod's, since programs read them; what people want beside that is `umh
//! modules`. Each tool has its own arguments, so that a lookup does not pay
//! for the arguments of all others.

pub mod file;
pub mod insmod;
pub mod lsmod;
pub mod messages;
pub mod modinfo;
pub mod modprobe;
pub mod options;
pub mod parts;
pub mod place;
pub mod refused;
pub mod removal;
pub mod rmmod;
pub mod running;
pub mod static_nodes;
pub mod usage;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use clap::{CommandFactory, Parser, Subcommand};

use self::usage::Ended;
use crate::depmod::{self, Depmod};

/// One of the tools.
#[derive(Debug)]
pub struct Tool {
    /// The name that it is called by.
    pub name: &'static str,
    /// Its arguments, for man pages and completions.
    pub command: fn() -> clap::Command,
    run: fn(Words, &mut dyn Write) -> Result<(), Ended>,
}

/// The words of a command, its name first.
pub type Words = Vec<OsString>;

/// Every tool.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "depmod",
        command: Depmod::command,
        run: depmod::run,
    },
    Tool {
        name: "insmod",
        command: insmod::Insmod::command,
        run: insmod::run,
    },
    Tool {
        name: "kmod",
        command: Kmod::command,
        run,
    },
    Tool {
        name: "lsmod",
        command: lsmod::Lsmod::command,
        run: lsmod::run,
    },
    Tool {
        name: "modinfo",
        command: modinfo::Modinfo::command,
        run: modinfo::run,
    },
    Tool {
        name: "modprobe",
        command: modprobe::Modprobe::command,
        run: modprobe::run,
    },
    Tool {
        name: "rmmod",
        command: rmmod::Rmmod::command,
        run: rmmod::run,
    },
];

impl Tool {
    /// The tool of that name.
    pub fn named(name: &OsStr) -> Option<&'static Self> {
        TOOLS.iter().find(|tool| name == tool.name)
    }

    /// The tool that `words` call: by the name of the program, or by the word
    /// after it; and the words of the tool.
    pub fn called(mut words: Words) -> Result<(&'static Self, Words), Words> {
        let program = words.first().map(Path::new).and_then(Path::file_name);
        if let Some(tool) = program.and_then(Self::named) {
            return Ok((tool, words));
        }
        match words.get(1).and_then(|word| Self::named(word)) {
            Some(tool) => Ok((tool, words.split_off(1))),
            None => Err(words),
        }
    }

    /// Does what `words` say; whether all went well.
    pub fn run(&self, words: Words, out: &mut dyn Write) -> bool {
        let ended = (self.run)(words, out).and_then(|()| Ok(out.flush()?));
        match ended {
            Ok(()) | Err(Ended::Well) => out.flush().is_ok(),
            Err(Ended::Badly) => {
                // What was said before the failure is worth the same try.
                let _ = out.flush();
                false
            }
            Err(Ended::Output(error)) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    let _ = writeln!(io::stderr(), "{}: cannot write: {error}", self.name);
                }
                false
            }
        }
    }
}

/// Manage kernel modules: kmod's own commands.
///
/// Started as depmod, insmod, lsmod, modinfo, modprobe or rmmod (by a link), it is that tool.
#[derive(Debug, Parser)]
#[command(name = "kmod", infer_long_args = true, disable_version_flag = true)]
pub struct Kmod {
    /// Show version.
    #[arg(short = 'V', long)]
    version: bool,

    /// What to do.
    #[command(subcommand)]
    command: Option<Command>,
}

/// kmod's commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// List the loaded modules, as lsmod does.
    List(lsmod::Lsmod),
    /// Print the device nodes that modules of the running kernel want at boot.
    StaticNodes(static_nodes::StaticNodes),
}

fn run(words: Words, out: &mut dyn Write) -> Result<(), Ended> {
    // `kmod modprobe ...` is what it looks like.
    let tool = words.get(1).and_then(|word| Tool::named(word));
    if let Some(tool) = tool.filter(|tool| tool.name != "kmod") {
        return (tool.run)(words.into_iter().skip(1).collect(), out);
    }
    let kmod: Kmod = usage::parse("kmod", words, out)?;
    if kmod.version {
        return Ok(usage::version(out)?);
    }
    match kmod.command {
        Some(Command::List(args)) => lsmod::list(&args, "kmod", out),
        Some(Command::StaticNodes(args)) => static_nodes::run(&args, out),
        None => {
            let _ = writeln!(io::stderr(), "missing command");
            let _ = write!(io::stderr(), "{}", Kmod::command().render_help());
            Err(Ended::Badly)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(words: &[&str]) -> Option<(&'static str, Vec<String>)> {
        let (tool, words) = Tool::called(words.iter().map(OsString::from).collect()).ok()?;
        let words = words.into_iter().map(|word| word.into_string().unwrap());
        Some((tool.name, words.collect()))
    }

    #[test]
    fn a_tool_is_called_by_a_link_or_by_its_name_after_umh() {
        let (name, words) = called(&["/sbin/lsmod", "-v"]).unwrap();
        assert_eq!(
            (name, words.join(" ").as_str()),
            ("lsmod", "/sbin/lsmod -v")
        );
        let (name, words) = called(&["umh", "kmod", "list"]).unwrap();
        assert_eq!((name, words.join(" ").as_str()), ("kmod", "kmod list"));
        assert!(called(&["umh", "status"]).is_none());
        assert!(called(&["umh", "--json", "lsmod"]).is_none());
        assert!(called(&[]).is_none());
    }

    #[test]
    fn the_definitions_hold_together() {
        for tool in TOOLS {
            (tool.command)().debug_assert();
        }
    }
}
