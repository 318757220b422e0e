// SPDX-License-Identifier: MIT OR Apache-2.0

//! The program `umh`: its arguments, its terminal and its exit code.

#![forbid(unsafe_code)]

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use umh_cli::args::{Cli, Color};
use umh_cli::failure::Exit;
use umh_cli::kmod::Tool;
use umh_cli::report::{BAD, styled};

fn main() -> ExitCode {
    let words = match Tool::called(std::env::args_os().collect()) {
        Ok((tool, words)) => {
            let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
            return ExitCode::from(u8::from(!tool.run(words, &mut out)));
        }
        Err(words) => words,
    };
    let cli = Cli::parse_from(words);
    let colour = match cli.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };

    let mut out = AutoStream::new(std::io::stdout().lock(), colour);
    let exit = umh_cli::run(&cli, &mut out).unwrap_or_else(|failure| {
        let mut err = AutoStream::new(std::io::stderr().lock(), colour);
        // Nobody is left to be told that standard error is closed.
        let _ = match serde_json::to_string(&failure) {
            _ if failure.exit() == Exit::Done => Ok(()),
            Ok(json) if cli.json => writeln!(err, "{json}"),
            _ => writeln!(err, "{} {failure}", styled(BAD, "umh:")),
        };
        failure.exit()
    });
    ExitCode::from(exit as u8)
}
