// SPDX-License-Identifier: MIT OR Apache-2.0

//! Each call once and three attacks, for `cargo xtask demo`.

mod attacks;
mod made;
mod triggered;

use std::time::Instant;

use anyhow::{Result, ensure};

use super::Case;
use crate::guest::answers::Answer;
use crate::guest::{Machine, machine::PATIENCE};
use crate::plan::{Kernel, Suite};
use crate::protocol::Line;

pub(super) const CASES: &[Case] = &[
    scene("an_unprivileged_socket", BOTH, triggered::socket),
    scene("a_mount", BOTH, triggered::mount),
    scene("a_crash", BOTH, triggered::crash),
    scene("a_device_event", OPTION, triggered::device),
    scene("a_key", OPTION, triggered::key),
    scene("an_empty_cgroup", BOTH, triggered::cgroup),
    scene("a_bridge", OPTION, triggered::bridge),
    scene("a_replicated_disk", OPTION, made::disk),
    scene("an_nfs_clients_name", OPTION, made::nfs_name),
    scene("an_nfs_servers_client", OPTION, made::nfs_client),
    scene("a_cluster_file_system", OPTION, made::cluster),
    scene("tomoyos_policy", OPTION, made::tomoyo_policy),
    scene("a_hot_machine", OPTION, made::hot),
    scene("a_lost_network", OPTION, made::lost),
    scene("a_layout_not_given_back", OPTION, made::layout),
    scene("a_frame_buffer", OPTION, made::frame_buffer),
    scene("a_docked_laptop", OPTION, made::docked),
    scene("a_packet_radio_modem", OPTION, made::modem),
    scene("an_orderly_power_off", BOTH, triggered::power_off),
    scene("an_orderly_restart", OPTION, triggered::restart),
    scene("attack_modprobe_path", BOTH, attacks::modprobe),
    scene("attack_core_pattern", BOTH, attacks::core),
    scene("attack_modprobe_is_poweroff", BOTH, attacks::poweroff),
];

const BOTH: &[Kernel] = &[Kernel::Stock612, Kernel::Option612];
const OPTION: &[Kernel] = &[Kernel::Option612];

const fn scene(
    name: &'static str,
    kernels: &'static [Kernel],
    run: fn(&Machine) -> Result<()>,
) -> Case {
    Case::new(name, Suite::Demo, kernels, run)
}

/// Tells the host of the first answer of this caller, which must be as
/// `decision` says.
fn tell(machine: &Machine, caller: &str, trigger: &str, decision: &str) -> Result<()> {
    tell_more(machine, caller, trigger, decision, &[])
}

fn tell_more(
    machine: &Machine,
    caller: &str,
    trigger: &str,
    decision: &str,
    more: &[(&str, &str)],
) -> Result<()> {
    let answer = answered(machine, caller)?;
    let status = match answer.end.split_once(' ') {
        Some((_, status)) => status,
        None => &answer.end,
    };
    let ran = match (answer.decision, answer.target.as_str()) {
        ("deny", _) => "refused",
        (_, "" | "builtin") => "built in",
        (_, target) => target,
    };
    let argv: Vec<String> = answer
        .argv
        .iter()
        .map(|word| word.escape_ascii().to_string())
        .collect();
    let (argv, took) = (argv.join(" "), answer.took.as_micros().to_string());
    let mut pairs = vec![
        ("caller", answer.caller),
        ("trigger", trigger),
        ("argv", &argv),
        ("decision", answer.decision),
        ("answer", ran),
        ("status", status),
        ("us", &took),
    ];
    if answer.decision == "deny" {
        pairs.push(("why", answer.reason));
    }
    pairs.extend(more);
    machine.tell(&Line::Call(
        pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
    ))?;
    ensure!(answer.decision == decision, "{caller}: {answer:?}");
    Ok(())
}

fn answered(machine: &Machine, caller: &str) -> Result<Answer> {
    let begin = Instant::now();
    loop {
        let mut answers = machine.answers_so_far()?.into_iter();
        if let Some(answer) =
            answers.find(|answer| answer.caller == caller && !answer.end.is_empty())
        {
            return Ok(answer);
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "no answer to {caller}: {:?}",
            machine.answers_so_far()?
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
