// SPDX-License-Identifier: MIT OR Apache-2.0

//! The words of the subset, one at a time, from left to right.

use super::{Error, Problem, Strings, Value};

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Cursor<'a> {
    /// The beginning of `text`, which is `line` of its file.
    pub(super) const fn new(text: &'a str, line: u32) -> Self {
        Self { text, at: 0, line }
    }

    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What lies between two places.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        // Places are next to ASCII, so on character boundaries.
        self.text.get(start..end).unwrap_or("")
    }

    pub(super) const fn error(&self, problem: Problem) -> Error {
        Error {
            problem,
            line: self.line,
        }
    }

    /// The next byte, left where it is.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over `byte` if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes over spaces and tabs.
    pub(super) fn blanks(&mut self) {
        self.run(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Passes over blanks, comments and line ends to the next word; `None`
    /// at the end of the text.
    pub(super) fn next_word(&mut self) -> Result<Option<u8>, Error> {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'#' | b'\n' | b'\r') => self.line_end()?,
                other => return Ok(other),
            }
        }
    }

    /// Passes over the rest of a line, which may only be a comment.
    pub(super) fn line_end(&mut self) -> Result<(), Error> {
        self.blanks();
        if self.eat(b'#') {
            self.run(|byte| byte == b'\t' || !byte.is_ascii_control());
        }
        let carriage = self.eat(b'\r');
        match self.peek() {
            Some(b'\n') => {
                self.at += 1;
                self.line = self.line.saturating_add(1);
                Ok(())
            }
            None if !carriage => Ok(()),
            Some(byte) if !carriage && !byte.is_ascii_control() => Err(self.error(Problem::Rest)),
            Some(_) | None => Err(self.error(Problem::Control)),
        }
    }

    /// Passes over the keys of a table that was read before, to the `[` of the
    /// next one: no line of a key or of an array begins with that.
    pub(super) fn pass_body(&mut self) {
        loop {
            self.blanks();
            if matches!(self.peek(), None | Some(b'[')) {
                return;
            }
            self.run(|byte| byte != b'\n');
            self.line = self.line.saturating_add(u32::from(self.eat(b'\n')));
        }
    }

    /// Reads a bare or quoted key.
    pub(super) fn key(&mut self) -> Result<&'a str, Error> {
        let key = match self.peek() {
            Some(b'"' | b'\'') => self.string()?,
            _ => match self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            {
                "" => return Err(self.error(Problem::NoKey)),
                bare => bare,
            },
        };
        if key.is_empty() {
            Err(self.error(Problem::EmptyKey))
        } else {
            Ok(key)
        }
    }

    /// Reads any value.
    pub(super) fn value(&mut self) -> Result<Value<'a>, Error> {
        match self.peek() {
            Some(b'"' | b'\'') => self.string().map(Value::String),
            Some(b'[') => self.strings().map(Value::Strings),
            _ => match self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                word => self.integer(word).map(Value::Integer),
            },
        }
    }

    /// Reads a string of one line, which has no escapes.
    pub(super) fn string(&mut self) -> Result<&'a str, Error> {
        let Some(quote) = self.peek() else {
            return Err(self.error(Problem::NoValue));
        };
        self.at += 1;
        let string = self.run(|byte| {
            let plain = byte == b'\t' || !byte.is_ascii_control();
            plain && byte != quote && !(quote == b'"' && byte == b'\\')
        });
        match self.peek() {
            Some(byte) if byte == quote => self.at += 1,
            Some(b'\\') => return Err(self.error(Problem::Escape)),
            Some(b'\n' | b'\r') | None => return Err(self.error(Problem::OpenString)),
            Some(_) => return Err(self.error(Problem::Control)),
        }
        Ok(string)
    }

    /// Reads an array of strings, of any number of lines.
    fn strings(&mut self) -> Result<Strings<'a>, Error> {
        self.at += 1;
        let start = self.at;
        while self.element()?.is_some() {}
        let inside = self.between(start, self.at.saturating_sub(1));
        Ok(Strings::text(inside))
    }

    /// The next string of what stands between the brackets of an array.
    pub(super) fn listed(&mut self) -> Option<&'a str> {
        self.next_word().ok().flatten()?;
        let string = self.string().ok();
        self.next_word().ok();
        self.eat(b',');
        string
    }

    /// Reads the next string of an array; `None` after its `]`.
    fn element(&mut self) -> Result<Option<&'a str>, Error> {
        match self.next_word()? {
            Some(b']') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b'"' | b'\'') => {}
            _ => return Err(self.error(Problem::Array)),
        }
        let string = self.string()?;
        match self.next_word()? {
            Some(b',') => self.at += 1,
            Some(b']') => {}
            _ => return Err(self.error(Problem::Array)),
        }
        Ok(Some(string))
    }

    /// The number that `word` writes: decimal, without leading zeros.
    fn integer(&self, word: &str) -> Result<i64, Error> {
        let digits = word.strip_prefix('-').unwrap_or(word);
        let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !decimal || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.error(Problem::NoValue));
        }
        word.parse().map_err(|_| self.error(Problem::TooLarge))
    }

    /// Passes over bytes that fit, and gives them. Where it stops must be
    /// next to ASCII: `fits` takes all bytes from 128 on, or none.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
        self.between(start, self.at)
    }
}

/// The line of the byte at `at`.
pub(super) fn line_of(text: &[u8], at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}
