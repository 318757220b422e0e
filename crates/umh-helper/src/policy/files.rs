// SPDX-License-Identifier: MIT OR Apache-2.0

//! The files of a policy: found, checked and read, never believed.
//!
//! A file counts only if it is regular, belongs to root, is written by nobody
//! else, has no execute bit and at most 64 KiB; and each directory above it
//! belongs to root and is written by nobody else. Nothing on the way may be a
//! link. The file and its directory are asked after they were opened.

use core::ffi::CStr;
use core::mem::{MaybeUninit, take};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat, fstat, openat, statat};
use rustix::io::{Errno, read};

use super::complaint::{Complaint, Fault};
use super::file::Origin;
use crate::sys::{Root, with_c_str};
use crate::trust::{Place, is_writable_by_others};

/// The most files of one directory that are read.
const FILES_MAX: usize = 32;

/// The largest file that is read.
pub const FILE_MAX: usize = 64 * 1024;

/// The longest name in a directory (`NAME_MAX`, limits.h).
const NAME_MAX: usize = 255;

/// The mode bits that a file may have.
const FILE_MODE: u32 = 0o644;

/// The path of one directory of policy files.
pub(super) const fn path(origin: Origin) -> &'static [u8] {
    match origin {
        Origin::Vendor => b"/usr/lib/umh/policy.d",
        Origin::Admin => b"/etc/umh/policy.d",
    }
}

/// The texts of both directories, by name.
pub(super) struct Texts<'a> {
    found: [Text<'a>; 2 * FILES_MAX],
    used: usize,
}

/// A name with its texts: the administrator's replaces the distribution's.
#[derive(Clone, Copy, Default)]
pub(super) struct Text<'a> {
    pub(super) name: &'a [u8],
    pub(super) vendor: Option<&'a [u8]>,
    pub(super) admin: Option<&'a [u8]>,
}

/// Memory that is given out piece by piece.
struct Room<'a>(&'a mut [u8]);

/// What cannot be read, and why.
enum Unread {
    /// One file.
    File(&'static str),
    /// All files of the directory together.
    Directory(&'static str),
}

/// What a person is told about files.
pub(super) type Complain<'c> = &'c mut dyn FnMut(&Complaint<'_>);

impl<'a> Texts<'a> {
    pub(super) const fn new() -> Self {
        Self {
            found: [Text {
                name: b"",
                vendor: None,
                admin: None,
            }; 2 * FILES_MAX],
            used: 0,
        }
    }

    /// The texts in byte order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Text<'a>> {
        self.found.iter().take(self.used)
    }

    /// Reads the files of one directory: all of them or, where they are too
    /// many, none, because the directory's order would choose which.
    pub(super) fn read(
        &mut self,
        directory: &OwnedFd,
        origin: Origin,
        owner: u32,
        room: &'a mut [u8],
        complain: Complain<'_>,
    ) {
        if let Err(text) = self.read_all(directory, origin, owner, &mut Room(room), complain) {
            for found in self.found.iter_mut().take(self.used) {
                *found.of(origin) = None;
            }
            complain_of(origin, b"", text, complain);
        }
    }

    /// Reads the files of one directory; fails if not all of them can stand
    /// side by side.
    fn read_all(
        &mut self,
        directory: &OwnedFd,
        origin: Origin,
        owner: u32,
        room: &mut Room<'a>,
        complain: Complain<'_>,
    ) -> Result<(), &'static str> {
        // Room for a dozen names, or for three of the longest.
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
        let mut entries = RawDir::new(directory, &mut buffer);
        let mut files = 0;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|_| CANNOT_READ)?;
            let name = entry.file_name().to_bytes();
            if name.first() == Some(&b'.') || !name.ends_with(b".toml") {
                continue;
            }
            files += 1;
            if files > FILES_MAX {
                return Err("more than 32 files: join some");
            }
            match read_file(directory, name, owner, room) {
                Ok(text) => self.insert(room.keep(name).ok_or(NO_ROOM)?, origin, text),
                Err(Unread::File(text)) => complain_of(origin, name, text, complain),
                Err(Unread::Directory(text)) => return Err(text),
            }
        }
        Ok(())
    }

    /// Puts a text at its name's place. There is one: the array has room for
    /// the files of two directories.
    fn insert(&mut self, name: &'a [u8], origin: Origin, text: &'a [u8]) {
        let place = self
            .iter()
            .position(|other| other.name >= name)
            .unwrap_or(self.used);
        if self.found.get(place).is_none_or(|other| other.name != name) {
            self.used = (self.used + 1).min(self.found.len());
            if let Some(rest) = self.found.get_mut(place..self.used) {
                rest.rotate_right(1);
            }
            if let Some(new) = self.found.get_mut(place) {
                *new = Text {
                    name,
                    vendor: None,
                    admin: None,
                };
            }
        }
        if let Some(found) = self.found.get_mut(place) {
            *found.of(origin) = Some(text);
        }
    }
}

impl<'a> Text<'a> {
    const fn of(&mut self, origin: Origin) -> &mut Option<&'a [u8]> {
        match origin {
            Origin::Vendor => &mut self.vendor,
            Origin::Admin => &mut self.admin,
        }
    }
}

/// Opens a directory of policy files; `None` if there is none, or if it is
/// not to be trusted.
pub(super) fn open(
    root: &Root,
    origin: Origin,
    owner: u32,
    complain: Complain<'_>,
) -> Option<OwnedFd> {
    // Mostly there is none, which one call tells; this one makes no file that
    // is open, only to be closed again.
    let is_there =
        |directory: BorrowedFd<'_>, path: &CStr| statat(directory, path, AtFlags::NO_AUTOMOUNT);
    match root.with(path(origin), is_there) {
        Err(Errno::NOENT) => None,
        _ => open_trusted(root, origin, owner, complain),
    }
}

/// Opens a directory that there is.
#[cold]
fn open_trusted(
    root: &Root,
    origin: Origin,
    owner: u32,
    complain: Complain<'_>,
) -> Option<OwnedFd> {
    match walk(root, path(origin), owner) {
        Ok(directory) => Some(directory),
        Err(text) => {
            complain(&Complaint {
                file: path(origin),
                fault: Fault::of_file(text),
            });
            None
        }
    }
}

/// Checks each directory on the way to `path`, and opens that. Those above are
/// looked at by path: after one has passed, nobody but the owner can change
/// what a name in it means (see `trust`), and nothing is opened to be closed.
fn walk(root: &Root, path: &[u8], owner: u32) -> Result<OwnedFd, &'static str> {
    let no_directory = "it, or a directory above it, is no directory: put a real one there";
    let look = |directory: BorrowedFd<'_>, path: &CStr| {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        statat(directory, path, flags)
    };
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    for (slash, _) in slashes {
        let (above, place) = match path.get(..slash) {
            None | Some(b"") => (&b"/"[..], Place::Top),
            Some(above) => (above, Place::Below),
        };
        let stat = root.with(above, look).map_err(|_| CANNOT_OPEN)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(no_directory);
        }
        check_directory(&stat, owner, place)?;
    }

    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let opened = root.open(path, flags, Mode::empty());
    let directory = opened.map_err(|errno| match errno {
        Errno::LOOP | Errno::NOTDIR => no_directory,
        _ => CANNOT_OPEN,
    })?;
    let stat = fstat(&directory).map_err(|_| CANNOT_OPEN)?;
    check_directory(&stat, owner, Place::Below)?;
    Ok(directory)
}

fn check_directory(stat: &Stat, owner: u32, place: Place) -> Result<(), &'static str> {
    if stat.st_uid != owner {
        return Err("it, or a directory above it, does not belong to root: chown root");
    }
    if is_writable_by_others(stat.st_mode, place) {
        return Err("it, or a directory above it, can be written by others: chmod go-w");
    }
    Ok(())
}

/// Reads one file whole into `room`.
fn read_file<'a>(
    directory: &OwnedFd,
    name: &[u8],
    owner: u32,
    room: &mut Room<'a>,
) -> Result<&'a [u8], Unread> {
    if name.len() > NAME_MAX {
        return Err(Unread::File(CANNOT_OPEN));
    }
    // Not to block on a FIFO, not to get a terminal.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let open = with_c_str(name, |name| {
        openat(directory.as_fd(), name, flags, Mode::empty())
    });
    let file = open.map_err(|errno| match errno {
        Errno::LOOP => Unread::File(NOT_REGULAR),
        _ => Unread::File(CANNOT_OPEN),
    })?;
    let stat = fstat(&file).map_err(|_| Unread::File(CANNOT_OPEN))?;
    let size = check_file(&stat, owner).map_err(Unread::File)?;

    // One byte more than there should be, to see a file that grows. One that
    // gives what it should have and not that byte is at its end.
    let mut used = 0;
    let into = room.0.get_mut(..=size).ok_or(Unread::Directory(NO_ROOM))?;
    while let Some(rest) = into.get_mut(used..) {
        match read(&file, rest) {
            Ok(0) => break,
            Ok(count) => used += count,
            Err(Errno::INTR) => {}
            Err(_) => return Err(Unread::File(CANNOT_READ)),
        }
        if used >= size {
            break;
        }
    }
    if used != size {
        let text = "changed while it was read: write a new file and rename it";
        return Err(Unread::File(text));
    }
    room.take(size).ok_or(Unread::Directory(NO_ROOM))
}

fn check_file(stat: &Stat, owner: u32) -> Result<usize, &'static str> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(NOT_REGULAR);
    }
    if stat.st_uid != owner {
        return Err("does not belong to root: chown root");
    }
    if stat.st_mode & 0o7777 & !FILE_MODE != 0 {
        return Err("has a mode beyond 0644: chmod 0600");
    }
    let size = usize::try_from(stat.st_size)
        .ok()
        .filter(|size| *size <= FILE_MAX);
    size.ok_or("larger than 64 KiB: split it")
}

/// Complains about a file of a directory.
pub(super) fn complain_of(origin: Origin, name: &[u8], text: &'static str, complain: Complain<'_>) {
    complain_with(origin, name, Fault::of_file(text), complain);
}

/// Complains about a file of a directory, or with no name of the directory.
pub(super) fn complain_with(origin: Origin, name: &[u8], fault: Fault<'_>, complain: Complain<'_>) {
    let mut path_bytes = [0u8; 32 + NAME_MAX];
    let slash: &[u8] = if name.is_empty() { b"" } else { b"/" };
    let mut used = 0;
    for piece in [path(origin), slash, name] {
        if let Some(slot) = path_bytes.get_mut(used..used + piece.len()) {
            slot.copy_from_slice(piece);
            used += piece.len();
        }
    }
    let file = path_bytes.get(..used).unwrap_or(name);
    complain(&Complaint { file, fault });
}

impl<'a> Room<'a> {
    /// The first `length` bytes, as they are.
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = take(&mut self.0).split_at_mut_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A copy of `bytes`.
    fn keep(&mut self, bytes: &[u8]) -> Option<&'a [u8]> {
        self.0.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.take(bytes.len())
    }
}

const NOT_REGULAR: &str = "not a regular file: put one there";
const CANNOT_OPEN: &str = "cannot be opened";
const CANNOT_READ: &str = "cannot be read";
const NO_ROOM: &str = "more than 256 KiB in all its files: shorten or remove some";
