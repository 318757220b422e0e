// SPDX-License-Identifier: MIT OR Apache-2.0

//! A subset of TOML 1.0, read in place.
//!
//! Tables `[a]` and `[a.b]`, bare and quoted keys, strings without escapes,
//! decimal integers, booleans and arrays of strings; no dotted keys, no
//! inline tables, no arrays of tables, no floats, dates or multi-line
//! strings. Whatever is accepted means the same to every TOML reader; what
//! would need memory of its own (an escape sequence) is refused. So a
//! [`Document`] is its text, and everything found in it is a slice of that.

mod cursor;
mod error;
mod section;
mod strings;

pub use error::Error;
pub use error::Problem;
pub use section::Entries;
pub use section::Entry;
pub use section::Path;
pub use section::Section;
pub use strings::Strings;

use section::Sections;

/// The most tables in a document: looking for a table that is defined twice
/// costs a reading of the text for each.
pub const TABLES_MAX: usize = 128;

/// The most keys in a table: they are looked through for each.
pub const KEYS_MAX: usize = 64;

/// A whole text in the subset.
///
/// # Invariants
///
/// The text was read to its end without an error, no key and no table is
/// defined twice, and no table has the name of a key.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    text: &'a str,
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `"text"` or `'text'`.
    String(&'a str),
    /// `42`
    Integer(i64),
    /// `true`
    Boolean(bool),
    /// `["a", "b"]`
    Strings(Strings<'a>),
}

impl<'a> Document<'a> {
    /// Reads all of `text`.
    pub fn read(text: &'a [u8]) -> Result<Self, Error> {
        let text = core::str::from_utf8(text).map_err(|error| {
            let read = text.get(..error.valid_up_to()).unwrap_or(text);
            Error {
                problem: Problem::NotUtf8,
                line: cursor::line_of(read, read.len()),
            }
        })?;
        if text.starts_with('\u{feff}') {
            return Err(Error {
                problem: Problem::ByteOrderMark,
                line: 1,
            });
        }

        let mut tables = 0;
        let mut sections = Sections::new(text);
        while let Some(section) = sections.try_next()? {
            tables += 1;
            if tables > TABLES_MAX {
                return Err(section.error(Problem::TooManyTables));
            }
            section.check_keys()?;
        }

        let document = Self { text };
        document.check_tables()?;
        Ok(document)
    }

    /// The tables in order; the first is what stands before any header.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let mut sections = Sections::new(self.text);
        core::iter::from_fn(move || sections.next_known())
    }

    /// Refuses a table that is defined twice, or as a key too.
    fn check_tables(&self) -> Result<(), Error> {
        for (index, section) in self.sections().enumerate() {
            for (other_index, other) in self.sections().enumerate() {
                if other_index < index && other.path == section.path {
                    return Err(section.error(Problem::TableTwice));
                }
                if let Some(name) = section.path.below(&other.path)
                    && let Some(entry) = other.entries().find(|entry| entry.key == name)
                {
                    let line = entry.line.max(section.line);
                    return Err(Error {
                        problem: Problem::TableAndKey,
                        line,
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
