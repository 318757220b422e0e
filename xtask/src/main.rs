// SPDX-License-Identifier: MIT OR Apache-2.0

//! The project's own commands, by the alias in `.cargo/config.toml`.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use umh_vm::plan::Kernel;

mod bench;
mod cache;
mod ci;
mod conform;
mod debian;
mod demo;
mod fuzz;
mod kernel;
mod kmod;
mod run;
mod say;
mod setup;
mod test;
mod tidy;
mod trees;
mod vm;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Boot real kernels, let them call, show what was asked and answered
    Demo(demo::Options),
    /// Every test: unit, property, booted kernels
    Test,
    /// Install the Debian packages that the other commands need
    Setup,
    /// Fetch or build the kernels that guests boot
    Kernel {
        /// Only these
        #[arg(value_parser = vm::kernel_named)]
        kernels: Vec<Kernel>,
    },
    /// Boot real kernels and run the suites in them
    Vm(vm::Options),
    /// Hold module tools against cases that any of them can be held against
    Conform(conform::Options),
    /// Measure, side by side with peers
    #[command(subcommand)]
    Bench(bench::What),
    /// Feed the parsers of outside bytes with what libFuzzer thinks of
    Fuzz(fuzz::Options),
    /// Check what no compiler looks at
    Tidy,
    /// Formatting, clippy, documentation, tidy
    Lint,
    /// What lands or does not: lint and test
    Ci,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test => test::run(),
        Command::Setup => setup::run().map(|()| true),
        Command::Kernel { kernels } => kernel::run(&kernels).map(|()| true),
        Command::Vm(options) => vm::run(&options),
        Command::Conform(options) => conform::run(&options),
        Command::Bench(what) => bench::run(&what),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Tidy => tidy::run(),
        Command::Lint => ci::lint(),
        Command::Ci => ci::run(),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::progress(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The top of the checkout.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo builds.
fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(set.unwrap_or_else(|| "target".into()))
}
