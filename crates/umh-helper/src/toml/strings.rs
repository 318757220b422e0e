// SPDX-License-Identifier: MIT OR Apache-2.0

//! Lists of strings, from a constant or from a text.

use super::cursor::Cursor;

/// A list of strings.
#[derive(Clone, Copy)]
pub struct Strings<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    List(&'a [&'a str]),
    /// What stands between the brackets of an array, which was read before.
    Text(&'a str),
}

impl<'a> Strings<'a> {
    /// The empty list.
    pub const NONE: Strings<'static> = Strings(Form::List(&[]));

    /// A list of the given strings.
    pub const fn list(list: &'a [&'a str]) -> Self {
        Self(Form::List(list))
    }

    pub(super) const fn text(text: &'a str) -> Self {
        Self(Form::Text(text))
    }

    /// The strings in order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> + Clone {
        let (list, text) = match self.0 {
            Form::List(list) => (list, ""),
            Form::Text(text) => (&[][..], text),
        };
        let mut cursor = Cursor::new(text, 1);
        // The text was read before: what is no element is its end.
        let written = core::iter::from_fn(move || match text {
            "" => None,
            _ => cursor.listed(),
        });
        list.iter().copied().chain(written)
    }

    /// Whether there is no string.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether `string` is in the list.
    pub fn contains(self, string: &str) -> bool {
        self.iter().any(|listed| listed == string)
    }

    /// Whether every string is also in `other`.
    pub fn within(self, other: Strings<'_>) -> bool {
        self.iter().all(|string| other.contains(string))
    }
}

impl PartialEq for Strings<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Strings<'_> {}

impl core::fmt::Debug for Strings<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
