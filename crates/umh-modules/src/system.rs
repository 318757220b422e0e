// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a program lends: opening files, and mapping them, which needs unsafe
//! code that this crate does without.

use alloc::vec::Vec;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};

/// The way to the files of one system, or of an image of one.
pub trait System {
    /// Opens the file at the absolute `path`, close-on-exec.
    fn open(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd>;

    /// Maps all of `file`, read only, for the rest of the process's life. It
    /// is asked for files only that are replaced and never written in place.
    fn map(&self, file: BorrowedFd<'_>) -> Result<&'static [u8]>;

    /// What the link at the absolute `path` says.
    fn link(&self, path: &[u8]) -> Result<Vec<u8>>;

    /// Takes back a file that was read. A program that soon ends may leave
    /// the closing to that.
    fn close(&self, file: OwnedFd) {
        drop(file);
    }
}

/// How files are opened: nothing waits, no terminal is taken.
pub const READ: OFlags = OFlags::RDONLY.union(OFlags::NOCTTY).union(OFlags::NONBLOCK);

/// Maps the file at the absolute `path`.
pub fn map(system: &dyn System, path: &[u8]) -> Result<&'static [u8]> {
    let file = system.open(path, READ)?;
    let bytes = system.map(file.as_fd());
    system.close(file);
    bytes
}

/// The same of a file that is mostly small: reading that takes fewer calls.
pub fn map_or_read(system: &dyn System, path: &[u8]) -> Result<&'static [u8]> {
    /// Twice what Debian's lists of what is built in take.
    const SMALL: usize = 16 << 10;
    let file = system.open(path, READ)?;
    let mut bytes = Vec::with_capacity(SMALL);
    let bytes = match rustix::io::pread(&file, rustix::buffer::spare_capacity(&mut bytes), 0) {
        Ok(_) if bytes.len() < bytes.capacity() => Ok(&*bytes.leak()),
        Ok(_) | Err(Errno::INTR) => system.map(file.as_fd()),
        Err(errno) => Err(errno),
    };
    system.close(file);
    bytes
}

/// Reads the file at the absolute `path`, refused with `FBIG` beyond `limit`
/// bytes.
pub fn read(system: &dyn System, path: &[u8], limit: usize) -> Result<Vec<u8>> {
    let file = system.open(path, READ)?;
    let bytes = read_file(file.as_fd(), limit);
    system.close(file);
    bytes
}

/// Reads a file from where it stands to its end. Of the files that are read
/// this way none gives less than is asked for before its end.
pub fn read_file(file: BorrowedFd<'_>, limit: usize) -> Result<Vec<u8>> {
    /// Most files of modprobe.d, /proc and /sys fit.
    const STEP: usize = 8192;
    let mut bytes = Vec::with_capacity(STEP);
    loop {
        if bytes.len() == bytes.capacity() {
            bytes.reserve(bytes.len());
        }
        match rustix::io::read(file, rustix::buffer::spare_capacity(&mut bytes)) {
            Ok(_) if bytes.len() > limit => return Err(Errno::FBIG),
            Ok(_) if bytes.len() < bytes.capacity() => return Ok(bytes),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Opens a directory to read its entries.
pub fn open_directory(system: &dyn System, path: &[u8]) -> Result<OwnedFd> {
    system.open(path, READ | OFlags::DIRECTORY)
}

/// The release of the running kernel, which names its directory of modules.
pub fn release() -> Vec<u8> {
    rustix::system::uname().release().to_bytes().to_vec()
}

/// The mode argument of system calls that make no file.
pub const NO_MODE: Mode = Mode::empty();

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};

    use super::*;

    /// The files below a directory.
    #[derive(Debug)]
    pub(crate) struct Image(pub(crate) tempfile::TempDir);

    impl Image {
        /// An image with these files.
        pub(crate) fn with(files: &[(&str, &str)]) -> Self {
            let image = Self(tempfile::tempdir().unwrap());
            for (path, text) in files {
                image.write(path, text.as_bytes());
            }
            image
        }

        pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
            let path = self.path(path.as_bytes());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }

        pub(crate) fn path(&self, path: &[u8]) -> PathBuf {
            let inside = path.strip_prefix(b"/").unwrap();
            self.0
                .path()
                .join(Path::new(std::ffi::OsStr::from_bytes(inside)))
        }
    }

    impl System for Image {
        fn open(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
            rustix::fs::open(self.path(path).as_path(), flags | OFlags::CLOEXEC, NO_MODE)
        }

        fn map(&self, file: BorrowedFd<'_>) -> Result<&'static [u8]> {
            Ok(read_file(file, usize::MAX)?.leak())
        }

        fn link(&self, path: &[u8]) -> Result<Vec<u8>> {
            let target = rustix::fs::readlink(self.path(path).as_path(), Vec::new())?;
            Ok(target.into_bytes())
        }
    }

    #[test]
    fn a_file_of_any_size_is_mapped_or_read() {
        let image = Image::with(&[]);
        for size in [0, 1, (16 << 10) - 1, 16 << 10, 40_000] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            image.write("/a", &bytes);
            assert_eq!(map_or_read(&image, b"/a").unwrap(), bytes);
        }
        assert_eq!(map_or_read(&image, b"/b"), Err(Errno::NOENT));
        std::fs::create_dir(image.path(b"/c")).unwrap();
        assert_eq!(map_or_read(&image, b"/c"), Err(Errno::ISDIR));
    }

    #[test]
    fn a_file_is_read_whole_or_refused() {
        let image = Image::with(&[("/a", &"x".repeat(10_000))]);
        assert_eq!(read(&image, b"/a", 10_000).unwrap().len(), 10_000);
        assert_eq!(read(&image, b"/a", 9_999), Err(Errno::FBIG));
        assert_eq!(read(&image, b"/b", 1), Err(Errno::NOENT));
    }
}
