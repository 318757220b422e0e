// SPDX-License-Identifier: MIT OR Apache-2.0

//! Under a real init: what its configuration starts
//! ([`crate::contents`], `inits`).

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::{boot, channel::Channel, module};
use crate::plan::{Kernel, Suite};
use crate::protocol::Line;

/// The init's first step: mounts, and the test module.
pub fn prepare() -> ExitCode {
    said(boot::mount("proc", "/proc", "proc", "").and_then(|()| boot::set_up(kernel()?)))
}

/// Its service: lets the kernel ask for a power-off, for which there is no
/// program. Init is there to be asked.
pub fn service() -> ExitCode {
    said(suite().and_then(|suite| {
        Channel::open()?.send(&Line::Begin(suite.name().into()))?;
        module::orderly_poweroff(true)
    }))
}

/// Its shutdown: it was asked, and goes down as it should.
pub fn down() -> ExitCode {
    said(suite().and_then(|suite| {
        let name = format!("{}_is_asked_and_powers_off", suite.name().replace('-', "_"));
        Channel::open()?.send(&Line::Case(name))
    }))
}

pub(super) fn suite() -> Result<Suite> {
    Suite::named(&word("umh_suite=")?).context("umh_suite=")
}

pub(super) fn kernel() -> Result<Kernel> {
    Kernel::named(&word("umh_kernel=")?).context("umh_kernel=")
}

/// A word of the kernel's command line: inits clean their environment.
fn word(name: &str) -> Result<String> {
    let line = std::fs::read_to_string("/proc/cmdline")?;
    let word = line
        .split_ascii_whitespace()
        .find_map(|word| word.strip_prefix(name));
    word.map(str::to_owned).with_context(|| name.to_owned())
}

pub(super) fn said(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the console is all that this process has"
            )]
            {
                eprintln!("umh-vm: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
