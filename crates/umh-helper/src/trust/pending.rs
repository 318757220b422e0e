// SPDX-License-Identifier: MIT OR Apache-2.0

//! The names that a walk has still to take.

use rustix::io::{Errno, Result};

use crate::sys::{PathBuffer, Root};

/// The longest name (`NAME_MAX`, limits.h).
const NAME_MAX: usize = 255;

/// The rest of a path.
pub(super) struct Pending {
    path: PathBuffer,
    position: usize,
}

/// Where a link's target begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// In the directory that holds the link.
    Here,
    /// At the root.
    Root,
}

impl Pending {
    pub(super) fn new(path: &[u8]) -> Result<Self> {
        if path.first() != Some(&b'/') {
            return Err(Errno::INVAL);
        }
        let mut pending = Self {
            path: PathBuffer::new(),
            position: 0,
        };
        if pending.path.push(path) {
            Ok(pending)
        } else {
            Err(Errno::NAMETOOLONG)
        }
    }

    /// Takes the next name; empty ones and `.` are left out.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>> {
        self.skip();
        let start = self.position;
        let mut names = self.rest().split(|byte| *byte == b'/');
        let length = names.next().map_or(0, <[u8]>::len);
        if length > NAME_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        self.position += length;
        let name = self.path.as_bytes().get(start..self.position);
        Ok(name.filter(|name| !name.is_empty()))
    }

    /// Whether no name is left.
    pub(super) fn is_empty(&mut self) -> bool {
        self.skip();
        self.rest().is_empty()
    }

    /// Puts the target of the link at `link` in front.
    pub(super) fn insert_link(&mut self, root: &Root, link: &[u8]) -> Result<Start> {
        let mut path = PathBuffer::new();
        path.read_link(root, link)?;
        let start = match path.as_bytes().first() {
            None => return Err(Errno::NOENT),
            Some(b'/') => Start::Root,
            Some(_) => Start::Here,
        };
        if !(path.push(b"/") && path.push(self.rest())) {
            return Err(Errno::NAMETOOLONG);
        }
        // Copies what is used; a move copies the whole buffer.
        self.path.clone_from(&path);
        self.position = 0;
        Ok(start)
    }

    fn rest(&self) -> &[u8] {
        self.path
            .as_bytes()
            .get(self.position..)
            .unwrap_or_default()
    }

    /// Passes over what names nothing: `/` and `.`.
    fn skip(&mut self) {
        loop {
            match self.rest() {
                [b'/', ..] | [b'.'] | [b'.', b'/', ..] => self.position += 1,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_one_by_one_without_those_that_name_nothing() {
        let mut pending = Pending::new(b"//usr/./lib/.././.x/y./.").unwrap();
        let mut names = Vec::new();
        while let Some(name) = pending.next().unwrap() {
            names.push(name.to_vec());
        }
        assert_eq!(names, [&b"usr"[..], b"lib", b"..", b".x", b"y."]);
        assert!(pending.is_empty());
    }

    #[test]
    fn a_relative_path_and_a_long_name_are_refused() {
        assert_eq!(Pending::new(b"bin/x").err(), Some(Errno::INVAL));
        let long = [b"/".as_slice(), &[b'x'; NAME_MAX + 1]].concat();
        assert_eq!(
            Pending::new(&long).unwrap().next().err(),
            Some(Errno::NAMETOOLONG)
        );
    }
}
