// SPDX-License-Identifier: MIT OR Apache-2.0

//! Floods, crowds and kills.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal};
use umh_abi::Caller;
use umh_helper::verdict::Decision;

use super::Case;
use super::attacks::settings::{MODPROBE, UNKNOWN_FAMILY};
use crate::guest::{Machine, answers, module, trigger};
use crate::plan::{Kernel, Suite};

pub(super) const CASES: &[Case] = &[stress(
    "a_helper_killed_at_any_moment_harms_no_other_call",
    killed,
)];

/// What the mode makes no difference to.
pub(super) const IN_ANY_MODE: &[Case] = &[
    stress(
        "attack_27_ten_thousand_denied_requests_leave_a_dozen_lines",
        flood,
    ),
    stress("attack_34_sixty_requests_at_once_are_all_answered", crowd),
    stress("attack_34_a_module_that_needs_a_module_loads", recursion),
    stress(
        "attack_32_a_helper_that_hangs_does_not_keep_the_machine_awake",
        suspend,
    ),
];

const fn stress(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Stress, &[Kernel::Option612], run)
}

/// Calls of modprobe denied since boot.
fn denied() -> Result<u64> {
    Ok(answers::totals()?.map_or(0, |totals| {
        totals.calls(Some(Caller::Modprobe), Decision::Deny)
    }))
}

fn flood(machine: &Machine) -> Result<()> {
    machine.probe("/tmp/evil")?;
    machine.set(MODPROBE, "/tmp/evil")?;
    let before = denied()?;
    let begin = Instant::now();
    // Two users at once, as two processors allow.
    let words = ["socket", &UNKNOWN_FAMILY.to_string(), "5000"];
    let mut crowd = [
        trigger::act(trigger::USER, &words).spawn()?,
        trigger::act(trigger::USER + 1, &words).spawn()?,
    ];
    for child in &mut crowd {
        child.wait()?;
    }
    let took = begin.elapsed();

    let counted = denied()? - before;
    ensure!(counted == 10_000, "{counted} of 10000 denials were counted");
    machine.nothing_started()?;
    let lines = machine.lines()?;
    // Ten at once and one each ten seconds.
    let most = 11 + took.as_secs() / 10;
    ensure!(
        u64::try_from(lines.len())? <= most,
        "{} lines in {took:?}",
        lines.len()
    );
    ensure!(!lines.is_empty(), "no line at all");
    Ok(())
}

/// Kills helpers of a steady stream of calls at moments that differ.
fn killed(machine: &Machine) -> Result<()> {
    let mut stream = trigger::act(
        trigger::USER,
        &["socket", &UNKNOWN_FAMILY.to_string(), "100000"],
    )
    .spawn()?;
    let mut kills = 0;
    let begin = Instant::now();
    let mut pause = 0;
    while kills < 100 && begin.elapsed() < Duration::from_secs(60) {
        pause = (pause * 7 + 311) % 4000;
        std::thread::sleep(Duration::from_micros(pause));
        for pid in helpers()? {
            kills += u32::from(rustix::process::kill_process(pid, Signal::KILL).is_ok());
        }
    }
    stream.kill()?;
    stream.wait()?;
    ensure!(kills >= 100, "only {kills} helpers were caught");

    // Every record that can be read is whole, and calls are answered as ever.
    let seen = machine.answers_so_far()?;
    ensure!(
        seen.iter()
            .all(|answer| answer.caller == "modprobe" && answer.argv.len() == 4),
        "{seen:?}"
    );
    ensure!(
        seen.iter().any(|answer| answer.end.is_empty()),
        "no helper was killed within its call"
    );
    machine.begin()?;
    ensure!(
        module::request_module("fs-minix", true)? == 0,
        "the next call failed"
    );
    ensure!(trigger::is_loaded("minix")?, "minix was not loaded");
    ensure!(
        machine.answer()?.end == "answered 0",
        "{:?}",
        machine.answer()?
    );
    super::modprobe::unload(&["minix"])
}

/// Processes that run our program now.
fn helpers() -> Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        let exe = std::fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero()));
        if exe.is_ok_and(|exe| exe.ends_with("usermode-helper")) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// More than the 50 that the kernel lets run at once; the others queue.
fn crowd(machine: &Machine) -> Result<()> {
    const CROWD: usize = 60;
    machine.probe("/sbin/modprobe")?;
    machine.order("modprobe", "sleep 500\nexit 3")?;
    let ask = |number: usize| {
        std::thread::spawn(move || module::request_module(&format!("umh-{number}"), true))
    };
    let asking: Vec<_> = (0..CROWD).map(ask).collect();
    for thread in asking {
        let result = thread.join().ok().context("a thread panicked")??;
        ensure!(result == 3 << 8, "a caller got {result}");
    }
    let answers = machine.answers(CROWD)?;
    ensure!(answers.len() == CROWD, "{} answers", answers.len());
    ensure!(
        answers.iter().all(|answer| answer.end == "exited 3"),
        "{answers:?}"
    );
    Ok(())
}

/// The program of one call makes the kernel call again, and waits for it.
fn recursion(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/modprobe")?;
    machine.order("modprobe", "socket-once 9")?;
    ensure!(
        module::request_module("umh-outer", true)? == 0,
        "the outer call failed"
    );
    let answers = machine.answers(2)?;
    let names: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.argv.last())
        .collect();
    ensure!(
        names == [&b"umh-outer".to_vec(), &b"net-pf-9".to_vec()],
        "{answers:?}"
    );
    Ok(())
}

/// The kernel gives callers five seconds before it gives suspend up.
fn suspend(machine: &Machine) -> Result<()> {
    machine.probe("/sbin/modprobe")?;
    machine.order("modprobe", "sleep 600000")?;
    machine.policy("version = 1\n[helper.modprobe]\ntimeout = 2\n")?;
    std::fs::write("/sys/power/pm_test", "freezer").context("pm_test")?;
    let call = std::thread::spawn(|| module::request_module("umh-hangs", true));
    machine.started("/sbin/modprobe")?;
    let suspended = std::fs::write("/sys/power/state", "freeze");
    std::fs::write("/sys/power/pm_test", "none").context("pm_test")?;
    suspended.context("suspending")?;
    let result = call.join().ok().context("the calling thread panicked")??;
    ensure!(result == 1 << 8, "the caller got {result}");
    ensure!(
        machine.answer()?.end == "timed-out",
        "{:?}",
        machine.answer()?
    );
    Ok(())
}
