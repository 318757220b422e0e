// SPDX-License-Identifier: MIT OR Apache-2.0

//! People who start our program themselves (rows 30 and 31).

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::attack;
use crate::cases::Case;
use crate::guest::{Machine, trigger};

pub(in crate::cases) const CASES: &[Case] = &[
    attack(
        "attack_30_started_by_root_it_explains_itself_and_answers_nothing",
        by_root,
    ),
    attack(
        "attack_30_started_with_the_words_of_a_call_it_answers_nothing",
        with_words,
    ),
    attack(
        "attack_30_started_in_a_pid_namespace_it_answers_nothing",
        in_a_namespace,
    ),
    attack(
        "attack_31_a_user_cannot_open_or_execute_the_kernels_copy",
        by_a_user,
    ),
];

const PROGRAM: &str = "/sbin/usermode-helper";

/// EACCES, as the exit status of `/init open` and `/init execute`.
const REFUSED: i32 = 13;

fn by_root(machine: &Machine) -> Result<()> {
    let output = Command::new(PROGRAM).output().context(PROGRAM)?;
    ensure!(output.status.success(), "{}", output.status);
    let text = [output.stdout, output.stderr].concat();
    ensure!(
        String::from_utf8_lossy(&text).contains("umh"),
        "it says {}",
        text.escape_ascii()
    );
    ensure!(
        machine.answers_so_far()?.is_empty(),
        "{:?}",
        machine.answers_so_far()?
    );
    Ok(())
}

fn with_words(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    for words in [
        &["/sbin/modprobe", "-q", "--", "minix"][..],
        &["/sbin/poweroff"],
    ] {
        let (name, rest) = words.split_first().context("a name")?;
        let mut command = Command::new(PROGRAM);
        command
            .arg0(name)
            .args(rest)
            .env_clear()
            .env("HOME", "/")
            .env("PATH", "/sbin:/bin:/usr/sbin:/usr/bin");
        let status = command.output()?.status;
        ensure!(status.code().is_some(), "{words:?}: {status}");
    }
    ensure!(!trigger::is_loaded("minix")?, "it answered a person");
    machine.nothing_started()?;
    ensure!(
        machine.answers_so_far()?.is_empty(),
        "{:?}",
        machine.answers_so_far()?
    );
    Ok(())
}

/// There, session and process group are 0 for it as for the kernel's helpers.
fn in_a_namespace(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/poweroff")?;
    let words = ["unshare", "-p", "-f", PROGRAM, "-q", "--", "minix"];
    let status = Command::new("/bin/busybox").args(words).output()?.status;
    ensure!(status.code().is_some(), "{status}");
    ensure!(!trigger::is_loaded("minix")?, "it answered a person");
    machine.nothing_started()
}

fn by_a_user(machine: &Machine) -> Result<()> {
    for act in ["open", "execute"] {
        let status = trigger::act(trigger::USER, &[act, PROGRAM]).status()?;
        ensure!(status.code() == Some(REFUSED), "{act}: {status}");
    }
    ensure!(machine.lines()?.is_empty(), "a user wrote to the log");
    Ok(())
}
