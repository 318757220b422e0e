// SPDX-License-Identifier: MIT OR Apache-2.0

//! `cargo xtask vm --compare`: the kernel with `kernel/` in it against the same
//! one with Linux's own C, case by case.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use umh_vm::plan::{Boot, Kernel, Suite};
use umh_vm::protocol::Line;

use crate::say::{self, Colour, paint};
use crate::vm::report::{Case, Verdict};
use crate::vm::rig::{Rig, Seen};

/// What both run, where they can.
const SUITES: &[Suite] = &[
    Suite::Engine,
    Suite::Calls,
    Suite::KmodSelftest,
    Suite::FirmwareSelftest,
];

/// Boots both with each suite of `suites`, all if there is none; whether they
/// do the same, and well. Which two `kernels` says, by the one or the other.
pub(super) fn run(rig: &Rig, kernels: &[Kernel], suites: &[Suite]) -> Result<bool> {
    let pair = match kernels {
        [] | [Kernel::C612 | Kernel::Rust612] => [Kernel::C612, Kernel::Rust612],
        [Kernel::CUml72 | Kernel::Uml72] => [Kernel::CUml72, Kernel::Uml72],
        _ => bail!("only --kernel rust-6.12 and --kernel uml-7.2 are there in C as well"),
    };
    let suites = if suites.is_empty() { SUITES } else { suites };
    let suites = suites
        .iter()
        .filter(|suite| Boot::all().any(|boot| boot == Boot::of(pair[1], **suite)));
    let mut differ = 0;
    for &suite in suites {
        let c = results(rig, pair[0], suite)?;
        let rust = results(rig, pair[1], suite)?;
        say::line(format_args!("\n{} in C and in Rust", suite.name()));
        let names = c
            .order
            .iter()
            .chain(rust.order.iter().filter(|name| !c.of.contains_key(*name)));
        let mut same = 0;
        for name in names {
            let words =
                [c.of.get(name), rust.of.get(name)].map(|word| word.map_or("-", String::as_str));
            let [in_c, in_rust] = words;
            let alone = IN_RUST_ONLY.contains(&name.as_str());
            let well = in_rust.starts_with("ok") && (in_c == in_rust || alone);
            let verdict = match well {
                true => paint(Colour::Good, if alone { "ok" } else { "same" }),
                false => paint(Colour::Bad, "DIFFERS"),
            };
            say::line(format_args!("{verdict:8} {in_c:24} {in_rust:24} {name}"));
            match well {
                true => same += 1,
                false => differ += 1,
            }
        }
        say::line(format_args!(
            "{}: {same} cases as they should be",
            suite.name()
        ));
    }
    say::line(format_args!("{differ} cases differ or fail"));
    Ok(differ == 0)
}

/// Cases of what the C kernel does not have.
const IN_RUST_ONLY: &[&str] = &["the_tests_inside_the_kernel_pass"];

/// One word a case, in the order of running.
struct Results {
    order: Vec<String>,
    of: BTreeMap<String, String>,
}

fn results(rig: &Rig, kernel: Kernel, suite: Suite) -> Result<Results> {
    let boot = Boot::of(kernel, suite);
    let mut results = Results {
        order: Vec::new(),
        of: BTreeMap::new(),
    };
    // What a case says of itself comes before its end.
    let mut note = String::new();
    rig.boot(&boot, |seen| match seen {
        Seen::Line(Line::Note(text)) => note = format!(", {text}"),
        Seen::Line(_) => {}
        Seen::Case(Case { name, verdict }) => {
            let word = match verdict {
                Verdict::Passed { .. } => format!("ok{note}"),
                Verdict::Skipped(_) => "skipped".to_owned(),
                Verdict::Failed(reason) => {
                    say::line(format_args!("{}/{name}: {reason}", kernel.name()));
                    format!("failed{note}")
                }
            };
            note.clear();
            results.order.push(name.clone());
            results.of.insert(name.clone(), word);
        }
    })?;
    Ok(results)
}
