// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes into a case what came of its runs: how a new case begins, from a
//! program that is held to be right, for its author to read and agree with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Table, value};

use crate::case::{After, Case, Run};
use crate::cases::Bench;
use crate::judge::readable;
use crate::supervise::{Outcome, supervise};
use crate::world::World;

/// Runs all of `case` and rewrites its file in `dir`.
pub fn bless(bench: &Bench, case: &Case, dir: &Path) -> Result<()> {
    let path = dir.join(format!("{}.toml", case.name));
    let mut document: DocumentMut = fs::read_to_string(&path)?.parse()?;
    let runs = document
        .get_mut("run")
        .and_then(|item| item.as_array_of_tables_mut())
        .with_context(|| format!("{} has no [[run]]", path.display()))?;
    let world = World::new(case, &bench.subject, &bench.depmod)?;
    for (number, run) in case.run.iter().enumerate() {
        let table = table(runs, number)?;
        let own = world.for_run(case, run)?;
        let outcome = supervise(case, run, own.root())?;
        write(table, case, run, &outcome, own.root());
    }
    fs::write(&path, document.to_string())?;
    Ok(())
}

fn table(runs: &mut ArrayOfTables, number: usize) -> Result<&mut Table> {
    runs.get_mut(number).context("a run has gone meanwhile")
}

fn write(table: &mut Table, case: &Case, run: &Run, outcome: &Outcome, root: &Path) {
    let mut text = |key: &str, text: String| {
        if text.is_empty() {
            table.remove(key);
        } else {
            table.insert(key, value(multiline(&text)));
        }
    };
    text("out", readable(&outcome.out));
    text("err", readable(&outcome.err));
    // A case that ends by a signal is for its author to look at.
    match outcome.status.and_then(|status| status.code()) {
        Some(0) => drop(table.remove("exit")),
        code => drop(table.insert("exit", value(i64::from(code.unwrap_or(-1))))),
    }
    if outcome.calls.is_empty() {
        table.remove("calls");
    } else {
        let calls: Array = outcome.calls.iter().collect();
        table.insert("calls", value(calls));
    }
    for (path, after) in &run.after {
        let file = fs::read(root.join(case.place(path))).ok();
        let found = match (after, file) {
            (After::Content(_), Some(content)) => value(multiline(&readable(&content))),
            (_, file) => value(file.is_some()),
        };
        if let Some(afters) = table
            .get_mut("after")
            .and_then(|item| item.as_table_like_mut())
        {
            afters.insert(path, found);
        }
    }
}

/// Text of several lines as people write it.
fn multiline(text: &str) -> toml_edit::Value {
    let plain =
        !text.contains("'''") && !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
    if !plain || !text.contains('\n') {
        return text.into();
    }
    let literal = format!("'''\n{text}'''");
    literal.parse().unwrap_or_else(|_| text.into())
}
