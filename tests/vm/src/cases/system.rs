// SPDX-License-Identifier: MIT OR Apache-2.0

//! A whole system that has umh, and was told no more than `umh install`
//! (row 39). What its boot came to, and its end, are in
//! [`crate::guest::system`].

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Case;
use super::modprobe::socket_loads;
use crate::guest::{Machine, trigger};
use crate::plan::{Kernel, Suite};

/// The same in every system.
pub const CASES: &[Case] = &[
    case(
        "attack_39_an_unprivileged_socket_loads_its_module",
        socket_loads,
    ),
    case("attack_39_a_crash_is_kept_by_the_systems_handler", crash),
];

const fn case(name: &'static str, run: fn(&Machine) -> Result<()>) -> Case {
    Case::new(name, Suite::Debian13, Kernel::ALL, run)
}

/// How long systemd may take to start its service, and that to compress.
const PATIENCE: Duration = Duration::from_secs(60);

fn crash(machine: &Machine) -> Result<()> {
    trigger::crash("umh-crash", 1)?;
    let begin = Instant::now();
    while !is_kept()? {
        ensure!(
            begin.elapsed() < PATIENCE,
            "nothing is kept: {:?}",
            machine.answers_so_far()?
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    // The handler's own sockets may ask for modules.
    let answers = machine.answers(1)?;
    let handled = answers.iter().any(|answer| {
        answer.caller == "coredump" && answer.decision == "allow" && answer.end == "exited 0"
    });
    ensure!(handled, "{answers:?}");
    Ok(())
}

/// `core.umh-crash.1000.…`, written whole: systemd-coredump renames it then.
fn is_kept() -> Result<bool> {
    let directory = Path::new("/var/lib/systemd/coredump");
    if !directory.exists() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(directory)? {
        if entry?
            .file_name()
            .to_string_lossy()
            .starts_with("core.umh-crash.")
        {
            return Ok(true);
        }
    }
    Ok(false)
}
