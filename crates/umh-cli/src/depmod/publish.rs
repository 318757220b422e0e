// SPDX-License-Identifier: MIT OR Apache-2.0

//! Puts the indexes in place: each whole or not at all.
//!
//! All are written and brought to the disk under other names first; then they
//! are renamed, one directly after the other, `modules.dep` last: until it is
//! there `depmod -A` sees that there is work, and while files of a run that was
//! killed lie there too. One that would not change stays as it is.
//!
//! The set of all is not exchanged at once: that takes a directory of its own
//! behind a link, and whoever copies `modules.*` into an image would copy that.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags};

use super::indexes::Index;

/// What tells that the rest is there.
const LAST: &str = "modules.dep";
/// What the temporary names of files end with, before a number.
const UNFINISHED: &[u8] = b".umh-";

/// A directory that is written to.
pub(super) struct Target(OwnedFd);

/// A file that is whole and has no name of its own yet.
struct Pending {
    file: File,
    name: OsString,
    temporary: OsString,
}

impl Target {
    /// The directory at `path`, which must be there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(CWD, path, flags, Mode::empty())?))
    }

    /// The directory at `path`, made if it is not there, in which files can
    /// be made; what an earlier run left that was killed is removed.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let target = Self::open(path)?;
        target.tidy(path);
        let probe = target.pending(OsStr::new("modules"), b"")?;
        target.remove(&probe);
        Ok(target)
    }

    /// Puts all of `indexes` in place.
    pub(super) fn publish(&self, indexes: Vec<Index>) -> io::Result<()> {
        let mut pending = Vec::new();
        for index in &indexes {
            if index.name != LAST && self.holds(index) {
                continue;
            }
            match self.pending(OsStr::new(index.name), &index.bytes) {
                Ok(file) => pending.push(file),
                Err(error) => {
                    pending.iter().for_each(|file| self.remove(file));
                    return Err(error);
                }
            }
        }
        pending.sort_by_key(|file| file.name == LAST);
        let result = self.rename(&pending);
        if result.is_err() {
            pending.iter().for_each(|file| self.remove(file));
        }
        result
    }

    fn rename(&self, pending: &[Pending]) -> io::Result<()> {
        for file in pending {
            file.file.sync_all()?;
        }
        // Two runs at once must not mix theirs.
        rustix::fs::flock(&self.0, FlockOperation::LockExclusive)?;
        for file in pending {
            rustix::fs::renameat(&self.0, &file.temporary, &self.0, &file.name)?;
        }
        rustix::fs::flock(&self.0, FlockOperation::Unlock)?;
        rustix::fs::fsync(&self.0)?;
        Ok(())
    }

    /// Puts one file in place, which may be lost when the machine stops.
    pub(super) fn replace(&self, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
        let pending = self.pending(name, bytes)?;
        let renamed = rustix::fs::renameat(&self.0, &pending.temporary, &self.0, name);
        renamed.inspect_err(|_| self.remove(&pending))?;
        Ok(())
    }

    /// Whether the file is there with these contents.
    fn holds(&self, index: &Index) -> bool {
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::openat(&self.0, index.name, flags, Mode::empty()).map(File::from);
        let Ok(mut file) = file else { return false };
        let data = file.metadata();
        let fits = data.is_ok_and(|data| {
            let mode = data.permissions().mode() & 0o7777;
            data.is_file() && mode == 0o644 && data.len() == index.bytes.len() as u64
        });
        let mut bytes = Vec::with_capacity(index.bytes.len() + 1);
        fits && file.read_to_end(&mut bytes).is_ok() && bytes == index.bytes
    }

    /// Writes a file under a temporary name. It is locked as long as we live.
    fn pending(&self, name: &OsStr, bytes: &[u8]) -> io::Result<Pending> {
        let number = format!("{}", rustix::process::getpid().as_raw_nonzero());
        let temporary = [b".", name.as_bytes(), UNFINISHED, number.as_bytes()].concat();
        let temporary = OsStr::from_bytes(&temporary).to_owned();
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.0, &temporary, flags, Mode::from_raw_mode(0o644));
        let file = open().or_else(|error| match error {
            // Of a process that had our number, and was killed.
            rustix::io::Errno::EXIST => {
                rustix::fs::unlinkat(&self.0, &temporary, AtFlags::empty())?;
                open()
            }
            error => Err(error),
        })?;
        let pending = Pending {
            file: File::from(file),
            name: name.to_owned(),
            temporary,
        };
        // Where files cannot be locked, nothing of ours is tidied away either.
        let _ = pending.file.try_lock();
        let written = (&pending.file).write_all(bytes);
        // Whatever the umask: everybody may read indexes.
        let written = written.and_then(|()| {
            pending
                .file
                .set_permissions(PermissionsExt::from_mode(0o644))
        });
        written.inspect_err(|_| self.remove(&pending))?;
        Ok(pending)
    }

    fn remove(&self, pending: &Pending) {
        // A file that is in the way of nobody may stay.
        let _ = rustix::fs::unlinkat(&self.0, &pending.temporary, AtFlags::empty());
    }

    /// Removes the files of runs that were killed.
    fn tidy(&self, path: &Path) {
        for file in unfinished(path) {
            let _ = fs::remove_file(file);
        }
    }
}

/// The files in the directory at `path` of runs that were killed: nobody has
/// them locked. Some of theirs may be in place, and others not.
pub(super) fn unfinished(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let is_left = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let mut parts = name.as_bytes().windows(UNFINISHED.len());
        name.as_bytes().starts_with(b".modules.") && parts.any(|part| part == UNFINISHED)
    };
    let files = entries.filter(is_left).map(|entry| entry.path());
    files.filter(|path| File::open(path).is_ok_and(|file| file.try_lock().is_ok()))
}
