// SPDX-License-Identifier: MIT OR Apache-2.0

//! Command lines with the habits of getopt_long(3), which scripts count on:
//! long options may be cut short, a later option wins over an earlier one,
//! options may follow operands, and what is wrong ends with exit code 1.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser};

/// How a tool ended before its end.
#[derive(Debug)]
pub enum Ended {
    /// With nothing left to do.
    Well,
    /// With an error that was told.
    Badly,
    /// With output that nobody took.
    Output(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// What every tool takes.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Tell errors to syslog, not to standard error.
    #[arg(short, long)]
    pub syslog: bool,

    /// Say more; may be repeated.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show version.
    #[arg(short = 'V', long)]
    pub version: bool,
}

/// Reads the arguments of `tool`; help is written to `out`.
pub fn parse<P: Parser>(tool: &str, words: Vec<OsString>, out: &mut dyn Write) -> Result<P, Ended> {
    let error = match P::try_parse_from(words) {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    if !error.use_stderr() {
        write!(out, "{}", error.render())?;
        return Err(Ended::Well);
    }
    // Nobody is left to be told that standard error is closed.
    let _ = writeln!(io::stderr(), "{tool}: {}", complaint(&error));
    Err(Ended::Badly)
}

/// What getopt says of a wrong option, where it has words for it.
fn complaint(error: &clap::Error) -> String {
    let about = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(about)) => about.as_str(),
        _ => "",
    };
    let long = about.starts_with("--");
    let short = about.trim_start_matches('-');
    match error.kind() {
        ErrorKind::UnknownArgument if long => format!("unrecognized option '{about}'"),
        ErrorKind::UnknownArgument if about.starts_with('-') => {
            format!("invalid option -- '{short}'")
        }
        ErrorKind::InvalidValue if error.get(ContextKind::InvalidValue).is_none_or(is_empty) => {
            let option = about.split(' ').next().unwrap_or_default();
            format!("option '{option}' requires an argument")
        }
        _ => {
            let text = error.render().to_string();
            let text = text.lines().next().unwrap_or_default();
            text.trim_start_matches("error: ").to_owned()
        }
    }
}

fn is_empty(value: &ContextValue) -> bool {
    matches!(value, ContextValue::String(text) if text.is_empty())
}

/// Writes what kmod's tools say to `--version`: the release of kmod that they
/// stand in for, which scripts compare, and what they can decompress.
pub fn version(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "kmod version 34 (umh {})", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "+ZSTD +XZ +ZLIB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    #[command(infer_long_args = true)]
    struct Example {
        #[arg(short, long, value_name = "MSEC", allow_hyphen_values = true)]
        wait: Option<u8>,
    }

    fn complaint_about(words: &[&str]) -> String {
        complaint(&Example::try_parse_from(words).unwrap_err())
    }

    #[test]
    fn what_is_wrong_is_said_in_getopts_words() {
        assert_eq!(
            complaint_about(&["x", "--foo"]),
            "unrecognized option '--foo'"
        );
        assert_eq!(complaint_about(&["x", "-z"]), "invalid option -- 'z'");
        assert_eq!(
            complaint_about(&["x", "-w"]),
            "option '--wait' requires an argument"
        );
        let said = complaint_about(&["x", "-w", "many"]);
        assert!(
            said.starts_with("invalid value 'many' for '--wait <MSEC>'"),
            "{said}"
        );
        assert_eq!(
            Example::try_parse_from(["x", "--wa=5"]).unwrap().wait,
            Some(5)
        );
    }
}
