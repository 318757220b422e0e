// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tree of files that a command looks at: the running system, or the
//! image of `--root`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, Stat};
use umh_helper::sys::Root;

use crate::failure::Failure;

/// No file that is read whole here comes near it.
const READ_LIMIT: u64 = 64 << 20;

/// Where absolute paths start. Links inside an image are followed inside the
/// image, absolute ones and `..` too (`RESOLVE_IN_ROOT` of openat2(2)), so
/// that a hostile image reaches nothing of the machine that prepares it.
#[derive(Debug)]
pub struct Tree {
    top: OwnedFd,
    name: Option<PathBuf>,
}

impl Tree {
    /// Opens the image at `root`, or the running system.
    pub fn open(root: Option<&Path>) -> Result<Self, Failure> {
        let path = root.unwrap_or(Path::new("/"));
        let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
        let top = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| {
            let error = format!("cannot open the root directory {}: {errno}", path.display());
            Failure::unable(
                error,
                "--root names the directory that will be / of the image",
            )
        })?;
        Ok(Self {
            top,
            name: root.map(Path::to_owned),
        })
    }

    /// Whether this is the running system.
    pub fn is_system(&self) -> bool {
        self.name.is_none()
    }

    /// The same tree for the library of the kernel-facing program.
    pub fn root(&self) -> Result<Root, Failure> {
        if self.is_system() {
            return Ok(Root::System);
        }
        match self.top.try_clone() {
            Ok(top) => Ok(Root::At(top)),
            Err(error) => Err(Failure::io("open", self.show("/"), &error)),
        }
    }

    /// `path` as a person has to type it outside the image.
    pub fn show(&self, path: &str) -> String {
        match &self.name {
            Some(name) => name
                .join(path.trim_start_matches('/'))
                .display()
                .to_string(),
            None => path.to_owned(),
        }
    }

    /// Opens `path` with links followed.
    pub fn open_at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        if self.is_system() {
            return Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
        }
        Ok(rustix::fs::openat2(
            &self.top,
            path,
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        )?)
    }

    /// Opens the regular file `path` to read; a FIFO does not block.
    pub fn file(&self, path: &str) -> io::Result<File> {
        Ok(self
            .open_at(Path::new(path), OFlags::RDONLY | OFlags::NONBLOCK)?
            .into())
    }

    /// Reads `path` whole.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(path)?.take(READ_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a setting of `/proc` or `/sys`: one line, without its end.
    pub fn line(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(path)?;
        bytes.truncate(bytes.trim_ascii_end().len());
        Ok(bytes)
    }

    /// The names in the directory `path`, in byte order.
    pub fn list(&self, path: &str) -> io::Result<Vec<OsString>> {
        let directory = self.open_at(Path::new(path), OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(directory)? {
            names.push(OsString::from_vec(entry?.file_name().to_bytes().to_vec()));
        }
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    /// The directory that holds `path`, links followed, and the last name.
    pub fn parent(&self, path: &str) -> io::Result<(OwnedFd, OsString)> {
        let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
        let directory = if directory.is_empty() { "/" } else { directory };
        let directory = self.open_at(Path::new(directory), OFlags::PATH | OFlags::DIRECTORY)?;
        Ok((directory, name.into()))
    }

    /// What `path` itself is, a link not followed; `None` if nothing is there.
    pub fn entry(&self, path: &str) -> io::Result<Option<Entry>> {
        let found = self
            .parent(path)
            .and_then(|(directory, name)| Entry::of(&directory, &name));
        match found {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `path` leads to something, links followed.
    pub fn exists(&self, path: &str) -> bool {
        self.open_at(Path::new(path), OFlags::PATH).is_ok()
    }

    /// What `path` leads to, links followed.
    pub fn stat(&self, path: &str) -> io::Result<Stat> {
        Ok(rustix::fs::fstat(
            self.open_at(Path::new(path), OFlags::PATH)?,
        )?)
    }
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A regular file and its permission bits.
    File(u32),
    /// A symbolic link and what it says.
    Link(OsString),
    /// A directory.
    Directory,
    /// A device, FIFO or socket.
    Other,
}

impl Entry {
    /// What `name` in `directory` is.
    pub fn of(directory: impl AsFd, name: &OsStr) -> io::Result<Self> {
        let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
            rustix::fs::FileType::RegularFile => Self::File(stat.st_mode & 0o7777),
            rustix::fs::FileType::Directory => Self::Directory,
            rustix::fs::FileType::Symlink => {
                let target = rustix::fs::readlinkat(&directory, name, Vec::new())?;
                Self::Link(OsStr::from_bytes(target.to_bytes()).to_owned())
            }
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_link_stays_inside_the_image() {
        let image = tempfile::tempdir().unwrap();
        std::fs::create_dir(image.path().join("etc")).unwrap();
        std::fs::write(image.path().join("etc/hostname"), "image\n").unwrap();
        std::os::unix::fs::symlink("/etc", image.path().join("conf")).unwrap();
        std::os::unix::fs::symlink("/../../etc/hostname", image.path().join("name")).unwrap();
        let tree = Tree::open(Some(image.path())).unwrap();
        assert_eq!(tree.line("/conf/hostname").unwrap(), b"image");
        assert_eq!(tree.line("/name").unwrap(), b"image");
        assert_eq!(tree.list("/").unwrap(), ["conf", "etc", "name"]);
        assert_eq!(
            tree.entry("/conf").unwrap(),
            Some(Entry::Link("/etc".into()))
        );
        assert_eq!(tree.entry("/none/at/all").unwrap(), None);
    }

    #[test]
    fn a_missing_root_names_the_option() {
        let failure = Tree::open(Some(Path::new("/no/such/image"))).unwrap_err();
        assert!(failure.to_string().contains("--root"), "{failure}");
    }
}
