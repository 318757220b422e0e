// SPDX-License-Identifier: MIT OR Apache-2.0

//! The grammar of `kernel.core_pattern`, core(5).
//!
//! `fs/coredump.c:format_corename` (6.12), `coredump_parse` (7.2). Every step
//! is the kernel's, quirks included: words are split before values are put in,
//! so a value never splits; there is no quoting; an unknown specifier takes
//! its letter with it, even if that is a space; a word of nothing stays an
//! empty argument, but not in front of the program.
//!
//! ```
//! use umh_abi::coredump::pattern::{Kernel, Pattern};
//!
//! let Ok(Pattern::Pipe(pipe)) = Pattern::parse(b"|/usr/bin/save %P %e\n", Kernel::V6_12) else {
//!     panic!("a `|` makes a pipe");
//! };
//! assert_eq!(pipe.words().count(), 3);
//! ```

mod specifier;
mod word;

pub use specifier::Crash;
pub use specifier::Specifier;
pub use word::Piece;
pub use word::Word;

use crate::emit::Decimal;
use crate::words::{Words, is_space};

/// The most bytes of a pattern: `CORENAME_MAX_SIZE` less its NUL. What is
/// longer is cut without a word.
pub const PATTERN_MAX: usize = 127;

/// The most bytes of a socket's path: `UNIX_PATH_MAX` less its NUL.
pub const SOCKET_MAX: usize = 107;

/// A kernel, by the grammar that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Linux 6.12: files and pipes.
    V6_12,
    /// Linux 7.2: sockets too.
    V7_2,
}

/// Where a core goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// Into a file.
    File(File<'a>),
    /// To a program: `|`.
    Pipe(Pipe<'a>),
    /// To a listening server: `@` and `@@`.
    Socket(Socket<'a>),
}

impl<'a> Pattern<'a> {
    /// Reads `pattern` as the kernel does when it is written to the setting:
    /// up to the first newline or NUL, and at most [`PATTERN_MAX`] bytes.
    pub fn parse(pattern: &'a [u8], kernel: Kernel) -> Result<Self, Refused> {
        let line = pattern
            .split(|byte| matches!(byte, b'\n' | 0))
            .next()
            .unwrap_or_default();
        let kept = line.get(..PATTERN_MAX).unwrap_or(line);
        match (kept, kernel) {
            ([b'|'], _) => Err(Refused::NoProgram),
            ([b'|', words @ ..], _) => Ok(Self::Pipe(Pipe { words })),
            ([b'@', b'@', path @ ..], Kernel::V7_2) => Socket::new(path, true).map(Self::Socket),
            ([b'@', path @ ..], Kernel::V7_2) => Socket::new(path, false).map(Self::Socket),
            _ => Ok(Self::File(File {
                name: Word::new(kept),
            })),
        }
    }
}

/// Why there is no core with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is nothing after `|`; found when a process crashes.
    NoProgram,
    /// A socket's path does not start with `/`; refused when written.
    SocketRelative,
    /// A socket's path is longer than [`SOCKET_MAX`]; refused when written.
    SocketTooLong,
    /// A socket's path has a component `..`; refused when written.
    SocketDotDot,
    /// A socket's path has a space; found when a process crashes.
    SocketSpace,
}

impl Refused {
    /// Whether the setting takes the pattern all the same, so that nothing is
    /// noticed until a process crashes and leaves no core.
    pub const fn is_late(self) -> bool {
        matches!(self, Self::NoProgram | Self::SocketSpace)
    }
}

/// A file's name: a path, relative to the crashed process if not absolute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    name: Word<'a>,
}

impl<'a> File<'a> {
    /// The name in pieces. [`Specifier::Pidfd`] is nothing in it.
    pub const fn name(&self) -> Word<'a> {
        self.name
    }

    /// Writes the name that a core gets, in pieces; nothing means no core.
    /// `uses_pid` is `kernel.core_uses_pid`.
    pub fn expand(&self, crash: &Crash<'_>, uses_pid: bool, sink: &mut dyn FnMut(&[u8])) {
        let pieces = || {
            self.name
                .pieces()
                .filter(|piece| *piece != Piece::Value(Specifier::Pidfd))
        };
        for piece in pieces() {
            piece.expand(crash, sink);
        }
        if uses_pid && pieces().all(|piece| piece != Piece::Value(Specifier::Pid)) {
            sink(b".");
            sink(Decimal::unsigned(crash.pid.into()).as_bytes());
        }
    }
}

/// A program and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pipe<'a> {
    words: &'a [u8],
}

impl<'a> Pipe<'a> {
    /// The words, at least one; the first is the program. If it is empty the
    /// kernel starts nothing, or with `CONFIG_STATIC_USERMODEHELPER` the
    /// helper with an empty argv\[0\].
    pub fn words(&self) -> impl Iterator<Item = Word<'a>> + Clone {
        let mut rest = Some(self.words);
        let mut program = true;
        core::iter::from_fn(move || {
            loop {
                let blank = rest?.iter().take_while(|byte| is_space(byte)).count();
                let words = rest?.get(blank..)?;
                if words.is_empty() {
                    rest = None;
                    return program.then_some(Word::new(b""));
                }
                let (word, after) = split(words)?;
                rest = Some(after);
                // A space counts only when something was written before it.
                if program && word.pieces().next().is_none() {
                    continue;
                }
                program = false;
                return Some(word);
            }
        })
    }

    /// Whether the helper gets a pidfd of the crashed process on descriptor 3.
    pub fn has_pidfd(&self) -> bool {
        let mut pieces = self.words().flat_map(|word| word.pieces());
        pieces.any(|piece| piece == Piece::Value(Specifier::Pidfd))
    }

    /// Writes the argument list of the helper as the kernel does: in pieces of
    /// a block of [`Words`].
    pub fn expand(&self, crash: &Crash<'_>, sink: &mut dyn FnMut(&[u8])) {
        for word in self.words() {
            for piece in word.pieces() {
                piece.expand(crash, sink);
            }
            sink(b"\0");
        }
    }

    /// Reads an argument list back: `found` gets each specifier in order with
    /// its value, or `None` where one word has more than one: a name that a
    /// stranger chose could shift the limit. False if the list cannot come from this pattern; what
    /// `found` got until then means nothing.
    pub fn read<'w>(
        &self,
        argv: &Words<'w>,
        found: &mut dyn FnMut(Specifier, Option<&'w [u8]>),
    ) -> bool {
        let mut texts = argv.iter();
        let read = self
            .words()
            .all(|word| texts.next().is_some_and(|text| word.read(text, found)));
        read && texts.next().is_none()
    }
}

/// A listening server's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket<'a> {
    /// Its absolute path; nothing in it is a specifier.
    pub path: &'a [u8],
    /// Whether kernel and server agree on what to do first: `@@`.
    pub request: bool,
}

impl<'a> Socket<'a> {
    fn new(path: &'a [u8], request: bool) -> Result<Self, Refused> {
        let mut names = path.split(|byte| *byte == b'/');
        if !path.starts_with(b"/") {
            Err(Refused::SocketRelative)
        } else if path.len() > SOCKET_MAX {
            Err(Refused::SocketTooLong)
        } else if names.any(|name| name == b"..") {
            Err(Refused::SocketDotDot)
        } else if path.contains(&b' ') {
            Err(Refused::SocketSpace)
        } else {
            Ok(Self { path, request })
        }
    }
}

/// Cuts the first word off: up to a space that no `%` takes for its letter.
fn split(words: &[u8]) -> Option<(Word<'_>, &[u8])> {
    let mut end = 0;
    while let Some(byte) = words.get(end).filter(|byte| !is_space(byte)) {
        end += if *byte == b'%' { 2 } else { 1 };
    }
    let (word, after) = words.split_at_checked(end.min(words.len()))?;
    Some((Word::new(word), after))
}

#[cfg(test)]
mod tests;
