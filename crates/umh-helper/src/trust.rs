// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reaches an external program without believing its path.
//!
//! The walk begins at `/` and takes one name at a time, without following
//! links; links are read and resolved here. Every directory and the file must
//! belong to root, be writable by nobody else and lie on an allowed mount.
//! After a directory has passed, nobody but root can change what a name in it
//! means: so the next name is looked at by its whole path, which costs two
//! thirds of opening each directory, and proves the same. The file itself is opened
//! once, without a link anywhere on the way, and all is asked again of that
//! descriptor, which is what execveat(2) is given.
//! An access control list that lets others write shows in the group bits of
//! the mode (acl(5)), so the mode is enough.

mod fault;
mod file;
mod mode;
mod mounts;
mod pending;
mod script;

pub use fault::Fault;
pub use file::FileId;
pub use mode::{Place, is_writable_by_others};

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::{FileType, Statx};
use rustix::io::Errno;

use crate::sys::{PathBuffer, Root};
use file::{look, look_at, open};
use mounts::Mounts;
use pending::{Pending, Start};

/// How many links a path may lead through. The kernel follows 40; a
/// distribution's `/sbin/modprobe` needs 2.
const LINKS_MAX: usize = 8;

/// What a walk asks of everything on its way.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a, M> {
    /// Where `/` is.
    pub root: &'a Root,
    /// Who must own everything: 0, but for tests.
    pub owner: u32,
    /// The paths of the allowed mounts: `/`, `/usr`.
    pub mounts: M,
    /// This program's own file, which is never a target.
    pub own: Option<FileId>,
    /// Whether the program may be a script.
    pub script: bool,
}

/// A program that only its owner can have put where it is.
#[derive(Debug)]
pub struct Program {
    /// The file, open for reading.
    pub file: OwnedFd,
    /// Whether it begins with `#!`. It must be executed by its path then: the
    /// interpreter opens it again, and a descriptor is gone by that time.
    pub script: bool,
}

impl<'m, M: Iterator<Item = &'m [u8]> + Clone> Trust<'_, M> {
    /// Walks to `path`. `real` becomes the path without links, or after an
    /// error the path of what is at fault.
    pub fn walk(&self, path: &[u8], real: &mut PathBuffer) -> Result<Program, Fault> {
        let file = self.reach(path, real)?;
        let mut line = [0; script::LINE_MAX];
        let Some(interpreter) = script::interpreter(file.as_fd(), &mut line)? else {
            return Ok(Program {
                file,
                script: false,
            });
        };
        if !self.script {
            return Err(Fault::Script);
        }

        // The kernel would run a script as interpreter, too; a rule that
        // allows one script does not mean a chain of them.
        let mut interpreter_path = PathBuffer::new();
        let plain = self
            .reach(interpreter, &mut interpreter_path)
            .and_then(|file| {
                match script::interpreter(file.as_fd(), &mut [0; script::LINE_MAX])? {
                    None => Ok(()),
                    Some(_) => Err(Fault::Interpreter),
                }
            });
        if let Err(fault) = plain {
            real.clone_from(&interpreter_path);
            return Err(fault);
        }
        Ok(Program { file, script: true })
    }

    /// Walks to the file at `path` and checks everything but its content.
    fn reach(&self, path: &[u8], real: &mut PathBuffer) -> Result<OwnedFd, Fault> {
        real.truncate(0);
        let top = look_at(self.root, b"/")?;
        let mut mounts = Mounts::new(self.root, self.mounts.clone(), top.stx_mnt_id);
        self.check(&top, Place::Top, &mut mounts)?;

        let mut pending = Pending::new(path)?;
        let mut links = 0;
        while let Some(name) = pending.next()? {
            let above = real.as_bytes().len();
            if name == b".." {
                // What is above has passed, and nothing in `real` is a link.
                // Above the root is the root, also under `Root::At`.
                let slash = real.as_bytes().iter().rposition(|byte| *byte == b'/');
                real.truncate(slash.unwrap_or(0));
                continue;
            }

            if !(real.push(b"/") && real.push(name)) {
                return Err(Errno::NAMETOOLONG.into());
            }
            let stat = look_at(self.root, real.as_bytes())?;
            match self.check(&stat, Place::Below, &mut mounts)? {
                FileType::Symlink if links == LINKS_MAX => return Err(Fault::Links),
                FileType::Symlink => {
                    links += 1;
                    match pending.insert_link(self.root, real.as_bytes())? {
                        Start::Here => real.truncate(above),
                        Start::Root => real.truncate(0),
                    }
                }
                FileType::Directory => {}
                FileType::RegularFile if pending.is_empty() => {
                    self.executable(&stat)?;
                    return self.opened(real.as_bytes(), &stat, &mut mounts);
                }
                FileType::RegularFile => return Err(Errno::NOTDIR.into()),
                _ => return Err(Fault::NotRegular),
            }
        }
        Err(Fault::NotRegular)
    }

    /// Opens the file at `path`, which was just looked at, and asks the same of
    /// what was opened.
    fn opened(
        &self,
        path: &[u8],
        seen: &Statx,
        mounts: &mut Mounts<'_, M>,
    ) -> Result<OwnedFd, Fault> {
        let file = open(self.root, path)?;
        let stat = look(file.as_fd())?;
        if FileId::from(&stat) != FileId::from(seen) {
            return Err(Fault::Changed);
        }
        self.check(&stat, Place::Below, mounts)?;
        self.executable(&stat)?;
        Ok(file)
    }

    /// What is asked of directories, links and files alike.
    fn check(
        &self,
        stat: &Statx,
        place: Place,
        mounts: &mut Mounts<'_, M>,
    ) -> Result<FileType, Fault> {
        let mode = u32::from(stat.stx_mode);
        let kind = FileType::from_raw_mode(mode);
        // The mount comes first: below /proc a link leads anywhere.
        if !mounts.allow(stat.stx_mnt_id) {
            return Err(Fault::Mount);
        }
        if stat.stx_uid != self.owner {
            return Err(Fault::Owner);
        }
        // A link has no mode of its own.
        if kind != FileType::Symlink && is_writable_by_others(mode, place) {
            return Err(Fault::Writable);
        }
        Ok(kind)
    }

    /// What is asked of the file alone.
    fn executable(&self, stat: &Statx) -> Result<(), Fault> {
        const SET_GROUP: u32 = 0o2000;
        const ROOT: u32 = 0;
        /// The execute bits.
        const EXECUTABLE: u32 = 0o111;

        let mode = u32::from(stat.stx_mode);
        if self.own == Some(FileId::from(stat)) {
            return Err(Fault::OwnFile);
        }
        // Set-user-ID is no change: the owner is root, as the caller is. A
        // busybox that ping(1) is part of has it.
        if mode & SET_GROUP != 0 && stat.stx_gid != ROOT {
            return Err(Fault::SetGroup);
        }
        if mode & EXECUTABLE == 0 {
            return Err(Fault::NotExecutable);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
