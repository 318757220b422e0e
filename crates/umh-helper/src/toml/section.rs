// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tables and what they hold.

use super::cursor::Cursor;
use super::{Error, KEYS_MAX, Problem, Value};

/// How deep tables may be: `[a.b.c]`.
const DEPTH_MAX: usize = 3;

/// The names in a table's header, outermost first; none for what stands
/// before any header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<'a> {
    names: [&'a str; DEPTH_MAX],
    depth: usize,
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The names in its header.
    pub path: Path<'a>,
    /// The line of its header.
    pub line: u32,
    /// The lines below its header, up to the next one.
    pub body: &'a str,
    body_line: u32,
}

/// One key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key.
    pub key: &'a str,
    /// What it stands for.
    pub value: Value<'a>,
    /// The line it is on.
    pub line: u32,
}

/// The keys of a table, in order.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    cursor: Cursor<'a>,
}

/// The tables of a text, read one at a time.
pub(super) struct Sections<'a> {
    cursor: Cursor<'a>,
    begun: bool,
}

impl<'a> Path<'a> {
    /// The names, outermost first.
    pub fn names(&self) -> &[&'a str] {
        self.names.get(..self.depth).unwrap_or(&[])
    }

    /// The name that comes next on the way from `outer` to this table;
    /// `None` if this table is not inside `outer`.
    pub(super) fn below(&self, outer: &Path<'a>) -> Option<&'a str> {
        self.names().strip_prefix(outer.names())?.first().copied()
    }
}

impl<'a> Section<'a> {
    /// The keys in order.
    pub fn entries(&self) -> Entries<'a> {
        Entries::of(self.body, self.body_line)
    }

    pub(super) const fn error(&self, problem: Problem) -> Error {
        Error {
            problem,
            line: self.line,
        }
    }

    /// Refuses a key that is defined twice.
    pub(super) fn check_keys(&self) -> Result<(), Error> {
        let mut keys = [""; KEYS_MAX];
        for (index, entry) in self.entries().enumerate() {
            let twice = keys.iter().take(index).any(|key| *key == entry.key);
            let problem = match keys.get_mut(index) {
                _ if twice => Problem::KeyTwice,
                None => Problem::TooManyKeys,
                Some(slot) => {
                    *slot = entry.key;
                    continue;
                }
            };
            return Err(Error {
                problem,
                line: entry.line,
            });
        }
        Ok(())
    }
}

impl<'a> Entries<'a> {
    /// The keys in the body of a [`Section`], which begins at `line`.
    pub const fn of(body: &'a str, line: u32) -> Self {
        Self {
            cursor: Cursor::new(body, line),
        }
    }

    fn try_next(&mut self) -> Result<Option<Entry<'a>>, Error> {
        match self.cursor.next_word()? {
            None | Some(b'[') => Ok(None),
            Some(_) => entry(&mut self.cursor).map(Some),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        // A section's body was read without an error before.
        self.try_next().ok().flatten()
    }
}

impl<'a> Sections<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text, 1),
            begun: false,
        }
    }

    /// Reads the next table to its end.
    pub(super) fn try_next(&mut self) -> Result<Option<Section<'a>>, Error> {
        self.next_with(|cursor| {
            let mut entries = Entries { cursor: *cursor };
            while entries.try_next()?.is_some() {}
            *cursor = entries.cursor;
            Ok(())
        })
    }

    /// Reads the next table of a text that was read to its end before.
    pub(super) fn next_known(&mut self) -> Option<Section<'a>> {
        let next = self.next_with(|cursor| {
            cursor.pass_body();
            Ok(())
        });
        next.ok().flatten()
    }

    /// Reads the next table, whose body `pass_body` passes over.
    fn next_with(
        &mut self,
        pass_body: impl FnOnce(&mut Cursor<'a>) -> Result<(), Error>,
    ) -> Result<Option<Section<'a>>, Error> {
        let mut path = Path::default();
        if self.begun {
            if self.cursor.next_word()?.is_none() {
                return Ok(None);
            }
            path = header(&mut self.cursor)?;
        }
        let line = self.cursor.line();
        if self.begun {
            self.cursor.line_end()?;
        }
        self.begun = true;

        let start = self.cursor.at();
        let body_line = self.cursor.line();
        pass_body(&mut self.cursor)?;
        let body = self.cursor.between(start, self.cursor.at());
        Ok(Some(Section {
            path,
            line,
            body,
            body_line,
        }))
    }
}

/// Reads `[a.b]`.
fn header<'a>(cursor: &mut Cursor<'a>) -> Result<Path<'a>, Error> {
    let mut path = Path::default();
    cursor.eat(b'[');
    loop {
        cursor.blanks();
        let name = cursor.key()?;
        let Some(slot) = path.names.get_mut(path.depth) else {
            return Err(cursor.error(Problem::TooDeep));
        };
        *slot = name;
        path.depth += 1;
        cursor.blanks();
        if cursor.eat(b']') {
            return Ok(path);
        }
        if !cursor.eat(b'.') {
            return Err(cursor.error(Problem::NoBracket));
        }
    }
}

/// Reads `key = value` and the rest of its line.
fn entry<'a>(cursor: &mut Cursor<'a>) -> Result<Entry<'a>, Error> {
    let line = cursor.line();
    let key = cursor.key()?;
    cursor.blanks();
    if !cursor.eat(b'=') {
        let dotted = cursor.peek() == Some(b'.');
        return Err(cursor.error(if dotted {
            Problem::DottedKey
        } else {
            Problem::NoEquals
        }));
    }
    cursor.blanks();
    let value = cursor.value()?;
    cursor.line_end()?;
    Ok(Entry { key, value, line })
}
