// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names looked up by usermode-helper, beside programs that do nothing: the
//! processor time of each, as the kernel says when it ends.
//!
//! Every module that a name leads to is there already by the files of this
//! tree, and the tree has no module's file: nothing can be loaded.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use wait4::Wait4 as _;

use crate::{Result, as_the_kernel_does};

/// usermode-helper, by the name that has a built-in answer.
const HELPER: &str = "/usr/lib/umh/modprobe";

/// Where the programs are that do nothing, by their names.
const FLOORS: &str = "/usr/lib/umh-bench";

/// What is looked up: `NAME STATUS` lines.
const NAMES: &str = "/names";

/// `NAME NANOSECONDS` lines, one for each name and each program in each round.
pub(super) fn figures(rounds: usize) -> Result<Vec<u8>> {
    let names = fs::read_to_string(NAMES)?;
    let names = names.lines().filter_map(|line| line.split_once(' '));
    let mut subjects = Vec::new();
    for (name, status) in names {
        subjects.push((HELPER.to_owned(), name.to_owned(), status.parse()?));
    }
    for entry in fs::read_dir(FLOORS)? {
        let name = entry?.file_name().into_string().map_err(|_| "a name")?;
        subjects.push((format!("{FLOORS}/{name}"), name, 1));
    }

    let mut figures = Vec::new();
    for round in 0..=rounds {
        for (program, name, status) in &subjects {
            let time = processor_time(program, name, *status)?;
            // In the first, caches fill, and the ring is made.
            if round > 0 {
                writeln!(figures, "{name} {time}")?;
            }
        }
    }
    Ok(figures)
}

fn processor_time(program: &str, name: &str, status: i32) -> Result<u128> {
    let mut command = Command::new(program);
    as_the_kernel_does(&mut command, name);
    let ended = command.spawn()?.wait4()?;
    if ended.status.code() != Some(status) {
        let log = fs::read_to_string("/dev/kmsg").unwrap_or_default();
        return Err(format!("{program} {name}: {} {log}", ended.status).into());
    }
    Ok((ended.rusage.utime + ended.rusage.stime).as_nanos())
}
