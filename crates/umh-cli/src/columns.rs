// SPDX-License-Identifier: MIT OR Apache-2.0

//! Lines in columns, for output that may go on for ever: a table library
//! wants all rows first, and draws what a pipe does not need.

use std::io::{self, Write};

use anstyle::Style;

use crate::report::{DIM, styled};

/// One line: a text and its style for each column. All text is ASCII, so its
/// length is its width.
pub type Row = Vec<(String, Style)>;

/// Remembers how wide each column is.
#[derive(Debug)]
pub struct Columns {
    names: &'static [&'static str],
    widths: Vec<usize>,
}

impl Columns {
    /// Columns with these names; the last is as wide as it needs.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            widths: names.iter().map(|name| name.len()).collect(),
        }
    }

    /// Makes each column wide enough for `row`.
    pub fn fit(&mut self, row: &Row) {
        for (width, (text, _)) in self.widths.iter_mut().zip(row) {
            *width = text.len().max(*width);
        }
    }

    /// Writes the names.
    pub fn title(&self, out: &mut dyn Write) -> io::Result<()> {
        let names = self.names.iter().map(|name| ((*name).to_owned(), DIM));
        self.line(&names.collect(), out)
    }

    /// Writes one row.
    pub fn line(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let last = row.len().saturating_sub(1);
        for (index, ((text, style), width)) in row.iter().zip(&self.widths).enumerate() {
            if index == last {
                writeln!(out, "{}", styled(*style, text))?;
            } else {
                write!(
                    out,
                    "{}{:padding$}  ",
                    styled(*style, text),
                    "",
                    padding = width.saturating_sub(text.len())
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let mut columns = Columns::new(&["A", "LONG", "REST"]);
        let row = |texts: [&str; 3]| texts.map(|text| (text.to_owned(), Style::new())).to_vec();
        let rows = [row(["one", "x", "any thing"]), row(["2", "y", ""])];
        rows.iter().for_each(|row| columns.fit(row));
        let mut out = Vec::new();
        rows.iter()
            .for_each(|row| columns.line(row, &mut out).unwrap());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "one  x     any thing\n2    y     \n"
        );
    }
}
