// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reaches an external program without believing its path.
//!
//! The walk begins at `/` and takes one name at a time, by descriptor and
//! without following links; links are read and resolved here. Every directory
//! and the file must belong to root, be writable by nobody else and lie on an
//! allowed mount; so nobody but root can put another file in its place
//! between this walk and execveat(2) on the descriptor that it gives.
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
use rustix::fs::{CWD, FileType, Mode, OFlags, Statx, openat};
use rustix::io::Errno;

use crate::sys::{PathBuffer, Root};
use file::{look, open_name};
use mounts::Mounts;
use pending::{Name, Pending, Start};

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
    /// The file, `O_PATH`.
    pub file: OwnedFd,
    /// Whether it begins with `#!`. It must be executed by its path then: the
    /// interpreter opens it again, and a descriptor is gone by that time.
    pub script: bool,
}

impl<'m, M: Iterator<Item = &'m [u8]> + Clone> Trust<'_, M> {
    /// Walks to `path`. `real` becomes the path without links, or after an
    /// error the path of what is at fault.
    pub fn walk(&self, path: &[u8], real: &mut PathBuffer) -> Result<Program, Fault> {
        let program = self.reach(path, real)?;
        let mut line = [0; script::LINE_MAX];
        let Some(interpreter) = program.interpreter(&mut line)? else {
            return Ok(Program {
                file: program.file,
                script: false,
            });
        };
        if !self.script {
            return Err(Fault::Script);
        }

        // The kernel would run a script as interpreter, too; a rule that
        // allows one script does not mean a chain of them.
        let mut interpreter_path = PathBuffer::new();
        let plain =
            self.reach(interpreter, &mut interpreter_path).and_then(
                |interpreter| match interpreter.interpreter(&mut [0; script::LINE_MAX])? {
                    None => Ok(()),
                    Some(_) => Err(Fault::Interpreter),
                },
            );
        if let Err(fault) = plain {
            real.clone_from(&interpreter_path);
            return Err(fault);
        }
        Ok(Program {
            file: program.file,
            script: true,
        })
    }

    /// Walks to the file at `path` and checks everything but its content.
    fn reach(&self, path: &[u8], real: &mut PathBuffer) -> Result<Reached, Fault> {
        let mut mounts = Mounts::new(self.root, self.mounts.clone());
        let mut pending = Pending::new(path)?;
        let mut links = 0;
        real.truncate(0);
        let mut directory = self.top(&mut mounts)?;

        while let Some(name) = pending.next()? {
            let above = real.as_bytes().len();
            if name.is_parent() {
                // Above the root is the root, also under `Root::At`.
                let Some(slash) = real.as_bytes().iter().rposition(|byte| *byte == b'/') else {
                    continue;
                };
                directory = open_name(&directory, &name, OFlags::PATH)?;
                real.truncate(slash);
                let place = if slash == 0 { Place::Top } else { Place::Below };
                self.check(&look(directory.as_fd())?, place, &mut mounts)?;
                continue;
            }

            if !(real.push(b"/") && real.push(name.as_bytes())) {
                return Err(Errno::NAMETOOLONG.into());
            }
            let file = open_name(&directory, &name, OFlags::PATH)?;
            let stat = look(file.as_fd())?;
            match self.check(&stat, Place::Below, &mut mounts)? {
                FileType::Symlink if links == LINKS_MAX => return Err(Fault::Links),
                FileType::Symlink => {
                    links += 1;
                    match pending.insert_link(&file)? {
                        Start::Here => real.truncate(above),
                        Start::Root => {
                            real.truncate(0);
                            directory = self.top(&mut mounts)?;
                        }
                    }
                }
                FileType::Directory => directory = file,
                FileType::RegularFile if pending.is_empty() => {
                    return self.executable(Reached {
                        directory,
                        name,
                        file,
                        stat,
                    });
                }
                FileType::RegularFile => return Err(Errno::NOTDIR.into()),
                _ => return Err(Fault::NotRegular),
            }
        }
        Err(Fault::NotRegular)
    }

    /// The directory where absolute paths start, checked.
    fn top(&self, mounts: &mut Mounts<'_, M>) -> Result<OwnedFd, Fault> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = match self.root {
            Root::System => openat(CWD, c"/", flags, Mode::empty()),
            Root::At(directory) => openat(directory, c".", flags, Mode::empty()),
        }?;
        self.check(&look(top.as_fd())?, Place::Top, mounts)?;
        Ok(top)
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
    fn executable(&self, program: Reached) -> Result<Reached, Fault> {
        const SET_GROUP: u32 = 0o2000;
        const ROOT: u32 = 0;
        /// The execute bits.
        const EXECUTABLE: u32 = 0o111;

        let mode = u32::from(program.stat.stx_mode);
        if self.own == Some(FileId::from(&program.stat)) {
            return Err(Fault::OwnFile);
        }
        // Set-user-ID is no change: the owner is root, as the caller is. A
        // busybox that ping(1) is part of has it.
        if mode & SET_GROUP != 0 && program.stat.stx_gid != ROOT {
            return Err(Fault::SetGroup);
        }
        if mode & EXECUTABLE == 0 {
            return Err(Fault::NotExecutable);
        }
        Ok(program)
    }
}

/// The end of a walk.
struct Reached {
    directory: OwnedFd,
    name: Name,
    file: OwnedFd,
    stat: Statx,
}

impl Reached {
    /// The interpreter that the file's first line names, if it is a script.
    fn interpreter<'l>(
        &self,
        line: &'l mut [u8; script::LINE_MAX],
    ) -> Result<Option<&'l [u8]>, Fault> {
        // An O_PATH descriptor cannot be read, and reopening it takes /proc.
        // The directory was just proven: only root could swap the file, and
        // then the comparison tells.
        let file = open_name(
            &self.directory,
            &self.name,
            OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        )?;
        if FileId::from(&look(file.as_fd())?) != FileId::from(&self.stat) {
            return Err(Fault::Changed);
        }
        let length = rustix::io::read(&file, &mut line[..])?;
        script::interpreter(line.get(..length).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
