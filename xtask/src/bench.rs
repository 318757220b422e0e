// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask bench`: what we cost, side by side with peers in one run.
//!
//! Figures that do not depend on the host come first: instructions, system
//! calls, page faults, bytes. Times are ratios, or say where they are from.

use anyhow::Result;
use clap::Subcommand;

mod aims;
mod engine;
mod figures;
mod helper;
mod modules;
mod native;
pub(crate) mod peers;
mod table;

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum What {
    /// usermode-helper from the kernel's call to its return
    Helper(helper::Options),
    /// A call from its caller to its return
    Engine(engine::Options),
    /// The module tools, beside kmod's and busybox's
    Modules(modules::Options),
}

/// Measures; whether every aim is reached.
pub(crate) fn run(what: &What) -> Result<bool> {
    match what {
        What::Helper(options) => helper::run(options),
        What::Engine(options) => engine::run(options),
        What::Modules(options) => modules::run(options),
    }
}
