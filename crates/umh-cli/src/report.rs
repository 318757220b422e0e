// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a command found, in its two forms: for a person and as JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::{Exit, Failure};

/// What a command found. The fields that it serializes are a stable
/// interface: names are added, never renamed.
pub trait Report: Serialize {
    /// Writes it for a person.
    fn text(&self, out: &mut dyn Write) -> io::Result<()>;

    /// The exit code that says the same in one number.
    fn exit(&self) -> Exit;
}

/// Writes `report` in the form asked for.
pub fn show(report: &impl Report, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    if json {
        let text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
        writeln!(out, "{text}")?;
    } else {
        report.text(out)?;
    }
    out.flush()?;
    Ok(report.exit())
}

/// A heading.
pub const TITLE: Style = Style::new().bold();
/// What is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What deserves a look.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// What was refused or is broken.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();

/// `text` in `style`, with the escape sequences that end it.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
