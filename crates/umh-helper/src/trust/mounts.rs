// SPDX-License-Identifier: MIT OR Apache-2.0

//! The mounts that programs may come from.

use rustix::fs::{AtFlags, StatxFlags, statx};

use crate::sys::Root;

/// The allowed mounts, looked up as they are needed: most walks stay on one.
pub(super) struct Mounts<'a, M> {
    root: &'a Root,
    paths: M,
    /// The mount of `/`.
    top: u64,
    /// The mount that was allowed last.
    last: Option<u64>,
}

impl<'a, 'm, M: Iterator<Item = &'m [u8]> + Clone> Mounts<'a, M> {
    pub(super) const fn new(root: &'a Root, paths: M, top: u64) -> Self {
        Self {
            root,
            paths,
            top,
            last: None,
        }
    }

    /// Whether the mount of this id (`stx_mnt_id`) is one of them.
    pub(super) fn allow(&mut self, id: u64) -> bool {
        let allowed =
            self.last == Some(id) || self.paths.clone().any(|path| self.id_of(path) == Some(id));
        if allowed {
            self.last = Some(id);
        }
        allowed
    }

    /// The mount that `path` lies on. The last name is not followed: where
    /// /usr is a link, it allows no more than the directory that holds it.
    fn id_of(&self, path: &[u8]) -> Option<u64> {
        if path == b"/" {
            return Some(self.top);
        }
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let stat = self.root.with(path, |directory, path| {
            statx(directory, path, flags, StatxFlags::MNT_ID)
        });
        stat.ok().map(|stat| stat.stx_mnt_id)
    }
}
