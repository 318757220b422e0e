// SPDX-License-Identifier: MIT OR Apache-2.0

//! A path of bounded length, without an allocator.

use core::fmt;
use core::mem::MaybeUninit;

use rustix::io::{Errno, Result};

use super::root::Root;

/// A quarter of what the kernel takes (`PATH_MAX`): no program lies deeper, and
/// a call makes half a dozen of these, whose pages each cost a fault.
const ROOM: usize = 1024;

/// Up to `ROOM` - 1 bytes.
///
/// # Invariants
///
/// `length` is below `ROOM`, and so many bytes have been written. The rest has
/// not: most stay nearly empty.
pub struct PathBuffer {
    bytes: [MaybeUninit<u8>; ROOM],
    length: usize,
}

impl PathBuffer {
    /// The empty path.
    pub const fn new() -> Self {
        Self {
            bytes: [const { MaybeUninit::uninit() }; ROOM],
            length: 0,
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        // SAFETY: the bytes below `length` have been written (the invariant).
        unsafe { written.assume_init_ref() }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Appends `bytes`; without effect and `false` if they do not fit.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let end = self.length.saturating_add(bytes.len());
        match self.bytes.get_mut(self.length..end) {
            // One byte stays free, for the NUL of whoever passes the path on.
            Some(room) if end < ROOM => {
                room.write_copy_of_slice(bytes);
                self.length = end;
                true
            }
            _ => false,
        }
    }

    /// Becomes the target of the link at `path`.
    pub fn read_link(&mut self, root: &Root, path: &[u8]) -> Result<()> {
        self.length = 0;
        let bytes = &mut self.bytes;
        let length = root.with(path, |directory, path| {
            let (target, _) = rustix::fs::readlinkat_raw(directory, path, bytes)?;
            Ok(target.len())
        })?;
        // One that fills the buffer may be cut.
        if length >= ROOM {
            return Err(Errno::NAMETOOLONG);
        }
        self.length = length;
        Ok(())
    }

    /// Shortens the path to `length` bytes, if it is longer.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

impl Clone for PathBuffer {
    fn clone(&self) -> Self {
        let mut clone = Self::new();
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, other: &Self) {
        self.truncate(0);
        // What another holds fits.
        let _ = self.push(other.as_bytes());
    }
}

impl Default for PathBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PathBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut path = PathBuffer::new();
        assert!(path.push(b"/usr"));
        assert!(!path.push(&[b'x'; ROOM - 4]));
        assert_eq!(path.as_bytes(), b"/usr");
        assert!(path.push(&[b'x'; ROOM - 5]));
        assert_eq!(path.as_bytes().len(), ROOM - 1);
        path.truncate(2);
        assert_eq!(path.as_bytes(), b"/u");
    }

    #[test]
    fn a_link_is_read_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::At(std::fs::File::open(directory.path()).unwrap().into());
        let mut path = PathBuffer::new();
        for (length, read) in [
            (1, Ok(())),
            (ROOM - 1, Ok(())),
            (ROOM, Err(Errno::NAMETOOLONG)),
        ] {
            let link = directory.path().join(length.to_string());
            std::os::unix::fs::symlink("x".repeat(length), link).unwrap();
            assert_eq!(path.read_link(&root, format!("/{length}").as_bytes()), read);
            assert_eq!(path.as_bytes().len(), if read.is_ok() { length } else { 0 });
        }
    }

    #[test]
    fn a_clone_holds_the_same_path_whatever_was_there() {
        let (mut path, mut other) = (PathBuffer::new(), PathBuffer::new());
        assert!(path.push(b"/usr") && other.push(b"/a/longer/one"));
        other.clone_from(&path);
        assert_eq!(other.as_bytes(), b"/usr");
        assert_eq!(path.clone().as_bytes(), b"/usr");
    }
}
