// SPDX-License-Identifier: MIT OR Apache-2.0

//! `kmod static-nodes`: the device nodes that load a module when they are
//! opened, from `modules.devname`. systemd's service of that name makes them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::messages::reason;
use super::usage::Ended;

/// Arguments of `kmod static-nodes`.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub struct StaticNodes {
    /// The form of the output.
    #[arg(short, long, default_value = "human")]
    format: Format,

    /// Write to FILE, whose directories are made.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

/// The forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people; not to be parsed.
    Human,
    /// What systemd-tmpfiles reads, tmpfiles.d(5).
    Tmpfiles,
    /// What modules.devname has.
    Devname,
}

/// Prints what `args` ask for.
pub fn run(args: &StaticNodes, out: &mut dyn Write) -> Result<(), Ended> {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy().into_owned();
    let path = format!("/lib/modules/{release}/modules.devname");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            say(format_args!("Warning: {path} not found - ignoring"));
            return Ok(());
        }
        Err(error) => {
            say(format_args!(
                "Error: could not open {path} - {}",
                reason(&error)
            ));
            return Err(Ended::Badly);
        }
    };

    let Some(output) = &args.output else {
        return write(&text, args.format, out);
    };
    let parent = output
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), fs::create_dir_all).map_err(|error| {
        say(format_args!(
            "Error: could not create parent directory for {} - {}.",
            output.display(),
            reason(&error)
        ));
        Ended::Badly
    })?;
    let file = File::create(output).map_err(|error| {
        say(format_args!(
            "Error: could not create {} - {}",
            output.display(),
            reason(&error)
        ));
        Ended::Badly
    })?;
    let mut file = BufWriter::new(file);
    let written = write(&text, args.format, &mut file);
    file.flush()?;
    written
}

/// Every node of `text`; an entry that is none is told and left out.
fn write(text: &[u8], format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    let mut ended = Ok(());
    let lines = text.split(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
        match Node::parse(line) {
            Some(node) => node.write(format, out)?,
            None => {
                say(format_args!(
                    "Error: invalid devname entry: {}",
                    line.escape_ascii()
                ));
                ended = Err(Ended::Badly);
            }
        }
    }
    ended
}

/// `MODULE NAME TYPEmajor:minor`.
struct Node<'a> {
    module: &'a str,
    name: &'a str,
    kind: char,
    major: u32,
    minor: u32,
}

impl<'a> Node<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
        let (module, name, device) = (words.next()?, words.next()?, words.next()?);
        let kind = device
            .chars()
            .next()
            .filter(|kind| matches!(kind, 'c' | 'b'))?;
        let (major, minor) = device.get(1..)?.split_once(':')?;
        Some(Self {
            module,
            name,
            kind,
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }

    fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            module,
            name,
            kind,
            major,
            minor,
        } = self;
        match format {
            Format::Human => {
                let kind = if *kind == 'c' { "character" } else { "block" };
                writeln!(out, "Module: {module}\n\tDevice node: /dev/{name}")?;
                writeln!(
                    out,
                    "\t\tType: {kind} device\n\t\tMajor: {major}\n\t\tMinor: {minor}"
                )
            }
            Format::Tmpfiles => {
                if let Some((directory, _)) = name.rsplit_once('/') {
                    writeln!(out, "d /dev/{directory} 0755 - - -")?;
                }
                // The `!`: at boot only.
                writeln!(out, "{kind}! /dev/{name} 0600 - - - {major}:{minor}")
            }
            Format::Devname => writeln!(out, "{module} {name} {kind}{major}:{minor}"),
        }
    }
}

/// This command's messages have no tool's name before them in kmod either.
fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"# Device nodes\nsnd_timer snd/timer c116:33\nloop loop-control c10:237\n";

    fn written(format: Format) -> String {
        let mut out = Vec::new();
        write(TEXT, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nodes_are_written_in_each_form() {
        assert_eq!(
            written(Format::Tmpfiles),
            "d /dev/snd 0755 - - -\nc! /dev/snd/timer 0600 - - - 116:33\nc! /dev/loop-control 0600 - - - 10:237\n"
        );
        assert_eq!(
            written(Format::Devname),
            "snd_timer snd/timer c116:33\nloop loop-control c10:237\n"
        );
        assert!(written(Format::Human).ends_with(
            "Module: loop\n\tDevice node: /dev/loop-control\n\t\tType: character device\n\t\tMajor: 10\n\t\tMinor: 237\n"
        ));
    }

    #[test]
    fn an_entry_that_is_none_fails_after_all_others_were_written() {
        let mut out = Vec::new();
        let ended = write(b"a b x1:2\nloop loop c7:0\n", Format::Devname, &mut out);
        assert!(matches!(ended, Err(Ended::Badly)));
        assert_eq!(out, b"loop loop c7:0\n");
    }
}
