// SPDX-License-Identifier: MIT OR Apache-2.0

//! Landlock: a program opens files below the given trees only.

use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::io::{Errno, Result};

use crate::policy::rule::Landlock;
use crate::sys::Root;
use crate::sys::landlock::{Ruleset, version};

/// linux/landlock.h, `LANDLOCK_ACCESS_FS_*`
mod access {
    pub(super) const EXECUTE: u64 = 1;
    pub(super) const WRITE_FILE: u64 = 1 << 1;
    pub(super) const READ_FILE: u64 = 1 << 2;
    pub(super) const READ_DIR: u64 = 1 << 3;
    /// Removing and making of every kind: bits 4 to 12.
    pub(super) const CHANGE_DIR: u64 = 0x1ff0;
    /// Linking and renaming between directories; since version 2.
    pub(super) const REFER: u64 = 1 << 13;
    /// Since version 3.
    pub(super) const TRUNCATE: u64 = 1 << 14;
    /// Since version 5.
    pub(super) const IOCTL_DEV: u64 = 1 << 15;

    pub(super) const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
    pub(super) const ALL: u64 = READ | WRITE_FILE | CHANGE_DIR | REFER | TRUNCATE | IOCTL_DEV;
    /// What may be allowed for a file that is no directory.
    pub(super) const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
}

/// Whether the kernel has Landlock, and has it switched on.
pub(super) fn is_there() -> bool {
    !matches!(version(), Err(Errno::NOSYS | Errno::OPNOTSUPP))
}

/// Restricts this process to the trees and to `program` itself, if it becomes
/// one. A tree that does not exist allows nothing.
pub(super) fn restrict(
    trees: &Landlock<'_>,
    root: &Root,
    program: Option<BorrowedFd<'_>>,
) -> Result<()> {
    let known = handled(version()?);
    let rules = Ruleset::new(known)?;
    if let Some(program) = program {
        rules.allow(program, access::EXECUTE | access::READ_FILE)?;
    }
    for (trees, allowed) in [(trees.read, access::READ), (trees.write, access::ALL)] {
        for tree in trees.iter() {
            match root.open(tree.as_bytes(), OFlags::PATH, Mode::empty()) {
                Ok(file) => {
                    let kind = FileType::from_raw_mode(fstat(&file)?.st_mode);
                    let fitting = if kind == FileType::Directory {
                        access::ALL
                    } else {
                        access::OF_FILES
                    };
                    rules.allow(&file, allowed & known & fitting)?;
                }
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    rules.restrict()
}

/// The kinds of access that a version of Landlock can handle.
const fn handled(version: usize) -> u64 {
    let unknown = match version {
        0 | 1 => access::REFER | access::TRUNCATE | access::IOCTL_DEV,
        2 => access::TRUNCATE | access::IOCTL_DEV,
        3 | 4 => access::IOCTL_DEV,
        _ => 0,
    };
    access::ALL & !unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_handles_what_it_brought() {
        assert_eq!(handled(1), 0x1fff);
        assert_eq!(handled(2), 0x3fff);
        assert_eq!(handled(3), 0x7fff);
        assert_eq!(handled(5), 0xffff);
    }
}
