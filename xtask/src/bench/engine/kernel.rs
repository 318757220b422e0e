// SPDX-License-Identifier: MIT OR Apache-2.0

//! The engine inside Linux: the instructions of a call, from its caller's first
//! one to the return, on the kernel with `kernel/` in it and on the same one
//! with Linux's own C.

use anyhow::{Context as _, Result};
use serde_json::json;
use umh_vm::measured::Way;
use umh_vm::plan::{Boot, Kernel, Suite};

use crate::bench::aims::Aim;
use crate::bench::figures::measured;
use crate::bench::table::thousands;
use crate::say::{self, Colour, paint};
use crate::setup;
use crate::vm::rig::Rig;

/// Rust over C, where a process is started.
const OVER_C: f64 = 1.00;
/// The same of a call that starts none.
const OVER_C_EMPTY: f64 = 1.05;

/// What each way costs, in C and in Rust.
pub(super) struct Results(Vec<(Way, [u64; 2])>);

impl Results {
    pub(super) fn take() -> Result<Self> {
        setup::run()?;
        let mut rig = Rig::new()?;
        rig.counts = true;
        let c = costs(&rig, Kernel::C612)?;
        let rust = costs(&rig, Kernel::Rust612)?;
        let both = Way::ALL.iter().zip(c.into_iter().zip(rust));
        Ok(Self(
            both.map(|(&way, (c, rust))| (way, [c, rust])).collect(),
        ))
    }

    /// What was hoped for, and what is.
    pub(super) fn aims(&self) -> Vec<Aim> {
        let aim = |(way, both): &(Way, [u64; 2])| {
            let (what, limit) = match way {
                Way::Proc => ("UMH_WAIT_PROC, Rust over C", OVER_C),
                Way::Exec => ("UMH_WAIT_EXEC, Rust over C", OVER_C),
                Way::EmptyPath => ("an empty path, Rust over C", OVER_C_EMPTY),
                Way::Module => ("request_module(), Rust over C", OVER_C),
            };
            let found = ratio(both);
            Aim {
                what,
                limit: format!("{limit:.2}"),
                found: format!("{found:.4}"),
                reached: found <= limit,
            }
        };
        self.0.iter().map(aim).collect()
    }

    /// The figures for people.
    pub(super) fn print(&self) {
        say::line(format_args!(
            "\nInstructions of a call inside Linux 6.12, from the caller's first one to the return,\n\
             as QEMU counts them: the mean of the middle half of rounds in which the ways take turns.\n"
        ));
        let heading = format!(
            "{:<24} {:>12} {:>12} {:>8}",
            "the call", "in C", "in Rust", "ratio"
        );
        say::line(format_args!("{}", paint(Colour::Dim, &heading)));
        for (way, both) in &self.0 {
            let [c, rust] = both.map(thousands);
            let (name, ratio) = (way.name(), ratio(both));
            say::line(format_args!("{name:<24} {c:>12} {rust:>12} {ratio:>8.4}"));
        }
        say::line(format_args!(""));
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        let row = |(way, [c, rust]): &(Way, [u64; 2])| {
            (way.name().to_owned(), json!({ "c": c, "rust": rust }))
        };
        let rows: serde_json::Map<_, _> = self.0.iter().map(row).collect();
        json!({ "instructions": rows })
    }
}

/// Boots `kernel`; one number a way.
fn costs(rig: &Rig, kernel: Kernel) -> Result<Vec<u64>> {
    let report = rig.boot(&Boot::of(kernel, Suite::BenchEngine), |_| {})?;
    let of = |way: &Way| Ok(middle(measured(&report, way.name())?.times));
    let costs = Way::ALL.iter().map(of).collect::<Result<_>>();
    costs.with_context(|| format!("the bench of {}", kernel.name()))
}

/// The mean of the middle half: what a call costs falls on few values, since
/// now and then one fills a cache, so that a median leaps between two of them.
fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    let quarter = values.len() / 4;
    let half = values.get(quarter..values.len() - quarter).unwrap_or(&[]);
    half.iter().sum::<u64>() / half.len().max(1) as u64
}

fn ratio([c, rust]: &[u64; 2]) -> f64 {
    *rust as f64 / *c as f64
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn what_is_far_from_the_middle_does_not_count() {
        assert_eq!(middle(vec![900, 11, 10, 10, 11, 0, 10, 12]), 10);
        assert_eq!(middle(vec![7]), 7);
        assert_eq!(middle(vec![]), 0);
    }
}
