// SPDX-License-Identifier: MIT OR Apache-2.0

//! The names that a walk has still to take.

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::{Errno, Result};

use crate::sys::PathBuffer;

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

/// One name of a path.
pub(super) struct Name {
    bytes: [u8; NAME_MAX],
    length: usize,
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
    pub(super) fn next(&mut self) -> Result<Option<Name>> {
        self.skip();
        let rest = self.rest();
        let name = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
        if name.is_empty() {
            return Ok(None);
        }
        let name = Name::new(name)?;
        self.position += name.length;
        Ok(Some(name))
    }

    /// Whether no name is left.
    pub(super) fn is_empty(&mut self) -> bool {
        self.skip();
        self.rest().is_empty()
    }

    /// Puts the target of a link, an `O_PATH` descriptor, in front.
    pub(super) fn insert_link(&mut self, link: &OwnedFd) -> Result<Start> {
        let mut target = [core::mem::MaybeUninit::uninit(); crate::sys::PATH_MAX];
        let (target, _) = rustix::fs::readlinkat_raw(link.as_fd(), c"", &mut target)?;
        if target.is_empty() {
            return Err(Errno::NOENT);
        }
        let start = if target.starts_with(b"/") {
            Start::Root
        } else {
            Start::Here
        };

        let mut path = PathBuffer::new();
        if !(path.push(target) && path.push(b"/") && path.push(self.rest())) {
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

impl Name {
    fn new(name: &[u8]) -> Result<Self> {
        let mut bytes = [0; NAME_MAX];
        bytes
            .get_mut(..name.len())
            .ok_or(Errno::NAMETOOLONG)?
            .copy_from_slice(name);
        Ok(Self {
            bytes,
            length: name.len(),
        })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(super) fn is_parent(&self) -> bool {
        self.as_bytes() == b".."
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
            names.push(name.as_bytes().to_vec());
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
