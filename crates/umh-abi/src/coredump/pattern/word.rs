// SPDX-License-Identifier: MIT OR Apache-2.0

//! One word of a core pattern: its pieces, and their values read back.

use super::{Crash, Specifier};

/// One word of a pattern, or a file's whole name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pattern: &'a [u8],
}

/// A piece of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes that stand for themselves, at least one.
    Text(&'a [u8]),
    /// A value of the crash.
    Value(Specifier),
}

impl<'a> Word<'a> {
    pub(super) const fn new(pattern: &'a [u8]) -> Self {
        Self { pattern }
    }

    /// The word as it stands in the pattern.
    pub const fn pattern(&self) -> &'a [u8] {
        self.pattern
    }

    /// The pieces that write something: `%%` is a `%`, and an unknown
    /// specifier and a `%` at the end are nothing.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'a>> + Clone {
        let mut rest = self.pattern;
        core::iter::from_fn(move || {
            loop {
                match rest {
                    [] | [b'%'] => return None,
                    [b'%', letter, after @ ..] => {
                        rest = after;
                        if *letter == b'%' {
                            return Some(Piece::Text(b"%"));
                        }
                        if let Some(specifier) = Specifier::of(*letter) {
                            return Some(Piece::Value(specifier));
                        }
                    }
                    [..] => {
                        let end = rest
                            .iter()
                            .position(|byte| *byte == b'%')
                            .unwrap_or(rest.len());
                        let (text, after) = rest.split_at_checked(end)?;
                        rest = after;
                        return Some(Piece::Text(text));
                    }
                }
            }
        })
    }

    /// Reads an expanded word back; see [`super::Pipe::read`]. The text around
    /// the values has to be there. What is between belongs to the value if
    /// there is one; of more nobody can say which bytes are whose.
    pub(super) fn read<'w>(
        &self,
        word: &'w [u8],
        found: &mut dyn FnMut(Specifier, Option<&'w [u8]>),
    ) -> bool {
        let mut values = self.pieces().filter_map(Piece::value);
        let (Some(first), second) = (values.next(), values.next()) else {
            return strip(self.pieces(), word) == Some(b"");
        };
        let front = self.pieces().take_while(|piece| piece.value().is_none());
        let last = self.pieces().map(|piece| piece.value().is_some());
        let behind = last
            .enumerate()
            .filter_map(|(index, value)| value.then_some(index + 1))
            .last();
        let back = self.pieces().skip(behind.unwrap_or(0));
        let length = back.clone().map(|piece| piece.text().len()).sum();
        let Some(rest) = strip(front, word) else {
            return false;
        };
        let end = rest.len().checked_sub(length);
        let Some((between, tail)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return false;
        };
        let certain = second.is_none();
        for specifier in self.pieces().filter_map(Piece::value) {
            found(specifier, certain.then_some(between));
        }
        strip(back, tail).is_some() && (!certain || first.admits(between))
    }
}

impl<'a> Piece<'a> {
    /// Writes what the kernel writes for the piece.
    pub(super) fn expand(self, crash: &Crash<'_>, sink: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Text(text) => sink(text),
            Self::Value(specifier) => specifier.expand(crash, sink),
        }
    }

    fn value(self) -> Option<Specifier> {
        match self {
            Self::Text(_) => None,
            Self::Value(specifier) => Some(specifier),
        }
    }

    fn text(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text,
            Self::Value(_) => b"",
        }
    }
}

/// What follows the text of `pieces` in `word`.
fn strip<'a, 'w>(mut pieces: impl Iterator<Item = Piece<'a>>, word: &'w [u8]) -> Option<&'w [u8]> {
    pieces.try_fold(word, |rest, piece| rest.strip_prefix(piece.text()))
}
