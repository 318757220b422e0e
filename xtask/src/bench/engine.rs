// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench engine`: what it costs to make a call.

use anyhow::Result;
use clap::Args;

mod library;

/// How the figures are told.
#[derive(Args)]
pub(crate) struct Options {
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints; whether every aim is reached.
pub(super) fn run(options: &Options) -> Result<bool> {
    library::run(options.json)
}
