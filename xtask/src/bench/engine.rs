// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench engine`: what it costs to make a call.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::aims::Aim;
use super::table;
use crate::say;

mod kernel;
mod library;

/// What is measured, and how the figures are told.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this part
    #[arg(long)]
    part: Option<Part>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Where the engine runs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// On processes and threads, as the library
    Library,
    /// Inside Linux; its compilers need root
    Kernel,
}

/// Measures and prints; whether every aim is reached.
pub(super) fn run(options: &Options) -> Result<bool> {
    let wanted = |part| options.part.is_none_or(|only| only == part);
    let mut aims = Vec::new();
    let mut parts = serde_json::Map::new();
    if wanted(Part::Library) {
        let results = library::Results::take()?;
        aims.extend(results.aims());
        parts.insert("library".into(), results.as_json());
        if !options.json {
            results.print();
        }
    }
    if wanted(Part::Kernel) {
        let results = kernel::Results::take()?;
        aims.extend(results.aims());
        parts.insert("kernel".into(), results.as_json());
        if !options.json {
            results.print();
        }
    }
    if options.json {
        let told = aims.iter().map(Aim::as_json).collect();
        parts.insert("aims".into(), told);
        say::line(format_args!(
            "{}",
            serde_json::to_string_pretty(&json!(parts))?
        ));
    } else {
        table::print_aims(&aims);
    }
    Ok(aims.iter().all(|aim| aim.reached))
}
