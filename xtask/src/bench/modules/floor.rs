// SPDX-License-Identifier: MIT OR Apache-2.0

//! What no depmod of modules that are not packed can go below: finding and
//! reading them, by `bench/peers/reader`, which makes nothing of it.

use anyhow::Result;

use super::Row;
use super::cost::Cost;
use crate::bench::peers;
use crate::run::Run;
use crate::trees::Tree;

/// What is read, by the word for it and the name in rows.
const READS: [(&str, &str); 2] = [("parts", "read parts"), ("whole", "read whole")];

/// Measures it on one processor, as part of `task`.
pub(super) fn measure(
    task: &'static str,
    tree: &Tree,
    rounds: usize,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let reader = peers::build("reader")?;
    for (word, program) in READS {
        let read = || {
            let run = Run::new("taskset").args(["--cpu-list", "0"]).arg(&reader);
            Cost::of(run.arg(word).arg(tree.modules()))
        };
        // Once for nothing: the modules are to be in memory.
        read()?;
        let costs = (0..rounds).map(|_| read()).collect::<Result<Vec<_>>>()?;
        rows.push(Row {
            task,
            program: program.to_owned(),
            cost: Cost::median(&costs),
        });
    }
    Ok(())
}
