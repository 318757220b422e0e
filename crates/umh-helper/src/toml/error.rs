// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a text is not in the subset.

use core::fmt;

/// Where and why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub problem: Problem,
    /// The line, counted from 1.
    pub line: u32,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A byte sequence that is not UTF-8.
    NotUtf8,
    /// The mark U+FEFF that some editors put first.
    ByteOrderMark,
    /// A control character, NUL and a carriage return alone among them.
    Control,
    /// A key or a table's name was expected.
    NoKey,
    /// A key or a table's name is the empty string.
    EmptyKey,
    /// `a.b = 1`
    DottedKey,
    /// `=` was expected.
    NoEquals,
    /// A value was expected, of the four kinds that there are.
    NoValue,
    /// A string does not end on its line.
    OpenString,
    /// `\` in a `"string"`.
    Escape,
    /// An integer beyond 64 bits.
    TooLarge,
    /// An array does not end, or holds something other than strings.
    Array,
    /// `]` was expected after a table's name.
    NoBracket,
    /// More than a comment after a value or a header.
    Rest,
    /// More names in a table's header than tables may be deep.
    TooDeep,
    /// More tables than a file may have.
    TooManyTables,
    /// More keys than a table may have.
    TooManyKeys,
    /// A key is defined twice in its table.
    KeyTwice,
    /// A table is defined twice.
    TableTwice,
    /// One name is both a key and a table.
    TableAndKey,
}

impl Problem {
    /// The problem and what to do about it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not UTF-8: save the file as UTF-8",
            Self::ByteOrderMark => "begins with a byte order mark: save the file without it",
            Self::Control => "control character: remove it (line ends are LF or CR LF)",
            Self::NoKey => "expected `key = value` or `[table]`",
            Self::EmptyKey => "empty key: give it a name",
            Self::DottedKey => "dotted key: write the table's header above the key",
            Self::NoEquals => "expected `=` after the key",
            Self::NoValue => "expected a string, an integer, true, false or an array of strings",
            Self::OpenString => "string without an end: close its quote on the same line",
            Self::Escape => "backslash in a string: write it in 'single quotes'",
            Self::TooLarge => "integer out of range",
            Self::Array => "expected a string, `,` or `]` in the array",
            Self::NoBracket => "expected `]` after the table's name",
            Self::Rest => "unexpected text: one key or table on each line",
            Self::TooDeep => "table nested too deeply",
            Self::TooManyTables => "too many tables: split the file",
            Self::TooManyKeys => "too many keys in one table",
            Self::KeyTwice => "key defined twice: remove one",
            Self::TableTwice => "table defined twice: join them",
            Self::TableAndKey => "one name is both a key and a table: rename one",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}
