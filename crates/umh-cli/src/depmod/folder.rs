// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files by the directory that they are in: a path has a dozen names, and the
//! kernel looks each of them up again for each file.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};

/// The directory of the last file that was opened.
#[derive(Default)]
pub(super) struct Folder(Option<(PathBuf, OwnedFd)>);

impl Folder {
    /// Opens the file at `path` to be read.
    pub(super) fn open(&mut self, path: &Path) -> io::Result<File> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        let last = self.0.take().filter(|(path, _)| path == parent);
        let (path, directory) = match last {
            Some(last) => last,
            None => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let directory = rustix::fs::openat(CWD, parent, flags, Mode::empty())?;
                (parent.to_owned(), directory)
            }
        };
        // What was a file a moment ago may be a pipe that nobody writes to.
        let flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::openat(&directory, name, flags, Mode::empty());
        self.0 = Some((path, directory));
        Ok(File::from(file?))
    }
}
