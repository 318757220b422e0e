// SPDX-License-Identifier: MIT OR Apache-2.0

//! Looking at files by descriptor.

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, Statx, StatxFlags, openat, statx};
use rustix::io::Result;

use super::pending::Name;
use crate::sys::Root;

/// A file, however it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: (u32, u32),
    inode: u64,
}

impl FileId {
    /// The file at `path`, links followed; `None` if it cannot be reached.
    pub fn of(root: &Root, path: &[u8]) -> Option<Self> {
        let flags = AtFlags::STATX_DONT_SYNC;
        let stat = root.with(path, |directory, path| {
            statx(directory, path, flags, StatxFlags::INO)
        });
        stat.ok().as_ref().map(Self::from)
    }
}

impl From<&Statx> for FileId {
    fn from(stat: &Statx) -> Self {
        Self {
            device: (stat.stx_dev_major, stat.stx_dev_minor),
            inode: stat.stx_ino,
        }
    }
}

/// Opens `name` in `directory`, never through a link.
pub(super) fn open_name(directory: &OwnedFd, name: &Name, flags: OFlags) -> Result<OwnedFd> {
    openat(
        directory.as_fd(),
        name.as_bytes(),
        flags | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Everything about an open file that a walk asks for.
pub(super) fn look(file: BorrowedFd<'_>) -> Result<Statx> {
    let wanted = StatxFlags::TYPE
        | StatxFlags::MODE
        | StatxFlags::UID
        | StatxFlags::GID
        | StatxFlags::INO
        | StatxFlags::MNT_ID;
    statx(
        file,
        c"",
        AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC,
        wanted,
    )
}
