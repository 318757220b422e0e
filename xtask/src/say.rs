// SPDX-License-Identifier: MIT OR Apache-2.0

//! What people read: results on stdout, progress on stderr.
//!
//! A reader that goes away (`cargo xtask demo | head`) is no error.

use std::fmt::Arguments;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line of the result.
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A line about what is going on.
pub(crate) fn progress(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Runs a step that may be long, telling its name before and its time after.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    progress(format_args!("{name} ..."));
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed();
    if seconds > Duration::from_secs(5) {
        progress(format_args!("{name}: {:.0} s", seconds.as_secs_f64()));
    }
    result
}

/// Colours, or nothing where stdout is no terminal or `NO_COLOR` is set.
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Good,
    Bad,
    Dim,
    Strong,
}

/// `text` in `colour`.
pub(crate) fn paint(colour: Colour, text: &str) -> String {
    let plain = !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some();
    if plain {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Good => 32,
        Colour::Bad => 31,
        Colour::Dim => 2,
        Colour::Strong => 1,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
