// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules list`: what is in the kernel.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;

use super::{text, texts};
use crate::columns::Columns;
use crate::failure::{Exit, Failure};
use crate::kmod::running::{self, Loaded};
use crate::report::{DIM, Report, WARN};
use crate::tree::Tree;

/// The modules, the newest first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct List(Vec<Entry>);

/// One of them.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    /// In bytes.
    size: u64,
    /// How many users it has; none where modules cannot be removed.
    references: Option<u32>,
    /// The modules among them.
    users: Vec<String>,
    /// `live`, `loading` or `unloading`.
    state: String,
}

/// Lists them.
pub fn list(tree: &Tree) -> Result<List, Failure> {
    if !tree.is_system() {
        let remedy = "leave --root out";
        return Err(Failure::wrong(
            "an image has no modules in a kernel",
            remedy,
        ));
    }
    let loaded = running::loaded().map_err(|error| Failure::io("read", "/proc/modules", &error))?;
    Ok(List(loaded.iter().map(Entry::of).collect()))
}

impl Entry {
    fn of(module: &Loaded) -> Self {
        Self {
            name: text(&module.name),
            size: module.size,
            references: module.references.try_into().ok(),
            users: texts(&module.users),
            state: text(module.state.to_ascii_lowercase()),
        }
    }
}

impl Report for List {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows = self.0.iter().map(|entry| {
            let style = if entry.state == "live" {
                Style::new()
            } else {
                WARN
            };
            let references = entry
                .references
                .map_or("-".to_owned(), |count| count.to_string());
            vec![
                (entry.name.clone(), style),
                (format!("{} KiB", entry.size.div_ceil(1024)), Style::new()),
                (entry.state.clone(), style),
                (references, Style::new()),
                (entry.users.join(" "), DIM),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let mut columns = Columns::new(&["MODULE", "SIZE", "STATE", "USERS", "MODULES AMONG THEM"]);
        rows.iter().for_each(|row| columns.fit(row));
        columns.title(out)?;
        rows.iter().try_for_each(|row| columns.line(row, out))
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
