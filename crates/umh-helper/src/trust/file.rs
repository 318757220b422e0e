// SPDX-License-Identifier: MIT OR Apache-2.0

//! Looking at files, by path and by descriptor.

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Statx, StatxFlags, openat2, statx};
use rustix::io::Result;

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

/// Everything that a walk asks for.
const WANTED: StatxFlags = StatxFlags::TYPE
    .union(StatxFlags::MODE)
    .union(StatxFlags::UID)
    .union(StatxFlags::GID)
    .union(StatxFlags::INO)
    .union(StatxFlags::MNT_ID);

/// What is at `path`, which is not followed if it is a link.
pub(super) fn look_at(root: &Root, path: &[u8]) -> Result<Statx> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    root.with(path, |directory, path| {
        statx(directory, path, flags, WANTED)
    })
}

/// The same about an open file.
pub(super) fn look(file: BorrowedFd<'_>) -> Result<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    statx(file, c"", flags, WANTED)
}

/// Opens the regular file at `path` for reading, never through a link and
/// never waiting.
pub(super) fn open(root: &Root, path: &[u8]) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    root.with(path, |directory, path| {
        openat2(directory, path, flags, Mode::empty(), resolve)
    })
}
