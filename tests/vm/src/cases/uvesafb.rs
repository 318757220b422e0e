// SPDX-License-Identifier: MIT OR Apache-2.0

//! The VESA frame buffer wants its daemon.

use anyhow::{Context as _, Result, ensure};
use umh_abi::Message;
use umh_abi::uvesafb::Uvesafb;

use super::external::External;
use super::{Case, on_all, on_option};
use crate::guest::Machine;

pub(super) const CASES: &[Case] = &[
    on_option("loading_uvesafb_runs_its_daemon", loading),
    on_all("uvesafb_runs_its_daemon", |machine| {
        call().is_answered(machine)
    }),
    on_all("uvesafb_without_its_daemon_says_so", |machine| {
        call().is_missed(machine)
    }),
    on_all("uvesafb_for_another_program_is_denied", |machine| {
        call().is_denied(machine)
    }),
];

const DAEMON: &str = "/sbin/v86d";

/// The kernel prints the status (`uvesafb_helper_start`).
fn call() -> External<'static> {
    let message = Message::Uvesafb(Uvesafb {
        program: DAEMON.as_bytes(),
    });
    External {
        message,
        keys: &[],
        denied: 126,
        missing: 127,
    }
}

/// The module asks for it at once; a guest without graphics then lets it go.
fn loading(machine: &Machine) -> Result<()> {
    machine.probe(DAEMON)?;
    std::process::Command::new("/sbin/modprobe")
        .arg("uvesafb")
        .output()
        .context("modprobe uvesafb")?;
    machine.started_first(DAEMON)?;
    let answers = machine.answers(1)?;
    ensure!(
        answers
            .iter()
            .all(|answer| answer.caller == "uvesafb" && answer.end == "exited 0"),
        "{answers:?}"
    );
    super::modprobe::unload(&["uvesafb"])
}
