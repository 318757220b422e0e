// SPDX-License-Identifier: MIT OR Apache-2.0

//! A key is to be made.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Case, on_option};
use crate::guest::{Machine, trigger};

/// `/sbin/request-key` is a constant of the kernel, so stock kernels reach
/// our program only where a package has put it in that place.
pub(super) const CASES: &[Case] = &[
    on_option(
        "attack_26_a_key_is_instantiated_by_the_installed_handler",
        instantiated,
    ),
    on_option(
        "attack_26_a_key_without_a_handler_is_negated_for_a_short_time",
        negated,
    ),
    on_option(
        "attack_26_a_handler_that_hangs_is_ended_and_the_key_negated",
        hangs,
    ),
];

const HANDLER: &str = "/sbin/request-key";

/// keyutils' own handler does all of its work: it must find the session
/// keyring with the authority in it.
fn instantiated(machine: &Machine) -> Result<()> {
    let rule = "create user umh:* * /bin/keyctl instantiate %k %c %S\n";
    machine.file("/etc/request-key.conf", 0o644, rule)?;
    let (found, key) = trigger::request_key("user", "umh:answered", "the payload")?;
    ensure!(found, "keyctl request2: {key}");
    let output = std::process::Command::new("/bin/keyctl")
        .args(["pipe", &key])
        .output()?;
    let (held, complaint) = (output.stdout.escape_ascii(), output.stderr.escape_ascii());
    ensure!(
        output.stdout == b"the payload",
        "the key holds {held} {complaint}"
    );
    let answer = machine.answer()?;
    ensure!(
        answer.caller == "request-key" && answer.end == "exited 0",
        "{answer:?}"
    );
    Ok(())
}

fn negated(machine: &Machine) -> Result<()> {
    machine.take_away(HANDLER)?;
    let (found, complaint) = trigger::request_key("user", "umh:nobody", "x")?;
    ensure!(
        !found && complaint.contains("Required key not available"),
        "{complaint}"
    );
    let answer = machine.answer()?;
    ensure!(answer.caller == "request-key", "{answer:?}");
    // The kernel itself would keep the negative key for 60 s.
    let begin = Instant::now();
    loop {
        let (_, _) = trigger::request_key("user", "umh:nobody", "x")?;
        if machine.answers(1)?.len() > 1 {
            return Ok(());
        }
        ensure!(
            begin.elapsed() < Duration::from_secs(40),
            "the key is negative for too long"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn hangs(machine: &Machine) -> Result<()> {
    machine.probe(HANDLER)?;
    machine.order("request-key", "sleep 600000")?;
    machine.policy("version = 1\n[helper.request-key]\ntimeout = 2\n")?;
    let begin = Instant::now();
    let (found, complaint) = trigger::request_key("user", "umh:hangs", "x")?;
    ensure!(
        !found && begin.elapsed() < Duration::from_secs(20),
        "{complaint} after {:?}",
        begin.elapsed()
    );
    let answer = machine.answer()?;
    ensure!(answer.end == "timed-out", "{answer:?}");
    Ok(())
}
