// SPDX-License-Identifier: MIT OR Apache-2.0

//! A request of the kernel for a module, in a guest that has the indexes of
//! Debian's whole kernel: the instructions from its trigger to its return, by
//! whichever modprobe answers.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use umh_vm::measured::requests::{Program, Wanted, file};
use umh_vm::measured::{ANONYMOUS, Measured, Traced};
use umh_vm::plan::{Boot, Kernel, Suite};

use super::aims::Aim;
use crate::bench::aims::kibibytes;
use crate::bench::figures::{measured, median};
use crate::bench::table::thousands;
use crate::cache::Cache;
use crate::kmod::Kmod;
use crate::say::{self, Colour, paint};
use crate::vm::rig::Rig;

/// The name of ours in tables.
const OURS: &str = "usermode-helper";

/// One program and one kind of request.
struct Request {
    program: String,
    wanted: Wanted,
    instructions: u64,
    traced: Traced,
}

/// What was measured.
pub(super) struct Requests {
    rounds: usize,
    all: Vec<Request>,
}

impl Requests {
    /// Boots a guest whose instructions are counted.
    pub(super) fn take() -> Result<Self> {
        let mut rig = Rig::new()?;
        rig.counts = true;
        let boot = Boot::of(Kernel::Stock612, Suite::BenchModules);
        let report = rig.boot(&boot, |_| {})?;
        let cache = Cache::open()?;
        let (mut rounds, mut all) = (0, Vec::new());
        for &wanted in Wanted::ALL {
            for &program in Program::ALL {
                let Measured { times, traced } = measured(&report, &file(program, wanted))?;
                rounds = times.len();
                all.push(Request {
                    program: match program {
                        Program::Helper => OURS.to_owned(),
                        Program::Kmod(release) => {
                            format!("kmod {}", Kmod::of(&cache, release)?.version)
                        }
                        Program::Busybox => "busybox".to_owned(),
                    },
                    wanted,
                    instructions: median(times),
                    traced: traced.context("the guest's kernel traces nothing")?,
                });
            }
        }
        Ok(Self { rounds, all })
    }

    /// The system calls of a miss that look the name up, where they can be told
    /// from those that judge and record: from the memory that is taken for it
    /// to the time at which it ends.
    fn looking_up(one: &Request) -> Option<usize> {
        let is_ours = one.program == OURS && one.wanted == Wanted::Nothing;
        let calls = one.traced.calls();
        let calls = calls.skip_while(|call| *call != ANONYMOUS);
        is_ours.then(|| calls.take_while(|call| *call != "clock_gettime").count())
    }

    /// What looking a name up may take.
    pub(super) fn aim(&self) -> Option<Aim> {
        const MOST: usize = 30;
        let found = self.all.iter().find_map(Self::looking_up)?;
        Some(Aim {
            what: "a miss, by usermode-helper: calls that look it up".to_owned(),
            limit: MOST.to_string(),
            found: found.to_string(),
            reached: found <= MOST,
        })
    }

    /// The figures for people.
    pub(super) fn print(&self) {
        say::line(format_args!(
            "\nA request of the kernel for a module, from its trigger to its return: instructions of\n\
             the kernel and of all programs, counted by QEMU; medians of {} rounds in which all\n\
             take turns. A hit loads minix by its alias. Calls and page faults are the program's,\n\
             memory is the most that it had. \"look\" are the calls of a miss that look the name up,\n\
             the others judge and record it.\n",
            self.rounds
        ));
        let heading = row([
            "request", "program", "instr.", "x umh", "calls", "look", "faults", "memory",
        ]);
        say::line(format_args!("{}", paint(Colour::Dim, &heading)));
        for one in &self.all {
            let same = |other: &&Request| other.wanted == one.wanted;
            let ours = self.all.iter().find(same);
            let ours = ours.map_or(f64::NAN, |ours| ours.instructions as f64);
            say::line(format_args!(
                "{}",
                row([
                    one.wanted.name(),
                    &one.program,
                    &thousands(one.instructions),
                    &format!("{:.2}", one.instructions as f64 / ours),
                    &one.traced.calls().count().to_string(),
                    &Self::looking_up(one).map_or("-".into(), |calls| calls.to_string()),
                    &one.traced.faults().to_string(),
                    &kibibytes(one.traced.peak),
                ])
            ));
        }
    }

    /// The same for programs.
    pub(super) fn as_json(&self) -> Value {
        let request = |one: &Request| {
            json!({
                "request": one.wanted.name(), "program": one.program,
                "instructions": one.instructions, "system_calls": one.traced.calls().count(),
                "looking_up": Self::looking_up(one),
                "page_faults": one.traced.faults(), "peak_bytes": one.traced.peak,
            })
        };
        json!({
            "rounds": self.rounds,
            "rows": self.all.iter().map(request).collect::<Vec<_>>(),
        })
    }
}

fn row(cells: [&str; 8]) -> String {
    let [
        request,
        program,
        instructions,
        over,
        calls,
        look,
        faults,
        memory,
    ] = cells;
    format!(
        "{request:<8} {program:<16} {instructions:>12} {over:>7} {calls:>6} {look:>5} {faults:>7} {memory:>10}"
    )
}
