// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tables of all files in force, kept as text and read when asked for:
//! a fixed number of slices is all that a policy needs beside the texts.

use crate::toml::{Entries, Section};

/// One table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    body: &'a str,
}

/// At most `N` tables, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'a, const N: usize> {
    tables: [Table<'a>; N],
    used: usize,
}

impl<'a> Table<'a> {
    pub(super) const fn of(name: &'a str, section: &Section<'a>) -> Self {
        Self {
            name,
            body: section.body,
        }
    }

    pub(super) const fn entries(&self) -> Entries<'a> {
        // Nothing is wrong with it, so that no line is ever printed.
        Entries::of(self.body, 0)
    }
}

impl<'a, const N: usize> Tables<'a, N> {
    pub(super) const fn new() -> Self {
        Self {
            tables: [Table { name: "", body: "" }; N],
            used: 0,
        }
    }

    pub(super) fn push(&mut self, table: Table<'a>) -> Result<(), &'static str> {
        let full = "more tables than umh keeps of all files together: join or remove some";
        *self.tables.get_mut(self.used).ok_or(full)? = table;
        self.used += 1;
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Table<'a>> + Clone {
        self.tables.iter().take(self.used)
    }
}
