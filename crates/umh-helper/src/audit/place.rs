// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where the ring lies, and whether it can be trusted.
//!
//! `/run/umh/ring`, found without following any link. A ring that exists is
//! used if the file itself is the owner's alone: then only the owner can have
//! written, shortened or punched holes into it, whoever moved it there. A new
//! one is made only in memory (tmpfs, ramfs) and below directories that nobody
//! else can write, with all its pages (a hole on a full tmpfs would be SIGBUS
//! at the first touch), and gets its name when it is whole. One that exists is
//! not asked for its file system: none but root's own hand put it elsewhere.
//!
//! What this does not survive: root truncating the file while a helper has it
//! mapped. That helper dies of SIGBUS. Root can kill it more simply.

use core::fmt;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FallocateFlags, FileType, FsWord, Mode, OFlags, ResolveFlags, Stat,
};
use rustix::io::{Errno, Result};
use rustix::path::DecInt;

use super::layout::{BYTES, FORMAT, MAGIC};
use super::ring::Ring;
use crate::sys::{Root, map_shared};

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` (`include/uapi/linux/magic.h`).
const TMPFS: FsWord = 0x0102_1994;
const RAMFS: FsWord = 0x8584_58f6;

/// The ring file.
pub(super) const PATH: &[u8] = b"/run/umh/ring";

/// Why there is no ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no `/run` that can be written and is in memory, as early in
    /// boot.
    Absent,
    /// The file or a directory above it belongs to another user, or can be
    /// written by one, or is not what it should be.
    Untrusted,
    /// A system call failed: the disk is full ...
    Failed(Errno),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Untrusted => f.write_str("untrusted"),
            Self::Failed(errno) => write!(f, "errno-{}", errno.raw_os_error()),
        }
    }
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::ROFS => Self::Absent,
            // A link, or no directory, where there should be none, or one.
            Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => Self::Untrusted,
            errno => Self::Failed(errno),
        }
    }
}

/// What a ring's place must be.
#[derive(Clone, Copy, Debug)]
pub struct Demands {
    /// Who alone may write the ring and the directories above it.
    pub owner: u32,
    /// Whether `/run` must be in memory.
    pub in_memory: bool,
}

impl Demands {
    /// The ring is root's, in memory.
    pub const SYSTEM: Self = Self {
        owner: 0,
        in_memory: true,
    };
}

/// Opens the ring below `root`, or makes it. The descriptor is not needed any
/// more; the caller chooses when to close it.
pub(super) fn open(
    root: &Root,
    demands: Demands,
) -> core::result::Result<(Ring, OwnedFd), Trouble> {
    let owner = demands.owner;
    // Three rounds: an existing ring of another format, then none, then ours.
    for _ in 0..3 {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match open_unlinked(root, PATH, flags) {
            Ok(file) => file,
            Err(Errno::NOENT) => {
                make(root, demands)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let status = rustix::fs::fstat(&file)?;
        let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
        if !regular || status.st_uid != owner || status.st_mode & 0o7777 != 0o600 {
            return Err(Trouble::Untrusted);
        }
        if usize::try_from(status.st_size) == Ok(BYTES)
            && let Some(ring) = Ring::new(map_shared(file.as_fd(), BYTES)?)
        {
            return Ok((ring, file));
        }
        // The owner's own ring, from before an upgrade or a repair: it makes
        // room. Two helpers that do this at once can lose each other's first
        // records, once per upgrade.
        let directory = directory(root, demands)?;
        rustix::fs::unlinkat(&directory, c"ring", AtFlags::empty())?;
    }
    Err(Trouble::Untrusted)
}

/// Opens `path` unless a link is on the way.
pub(super) fn open_unlinked(root: &Root, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
    root.with(path, |directory, path| {
        let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC;
        rustix::fs::openat2(directory, path, flags, Mode::empty(), resolve)
    })
}

/// Makes an empty ring: once a boot. It is no error if another process was quicker.
#[cold]
fn make(root: &Root, demands: Demands) -> core::result::Result<(), Trouble> {
    let directory = directory(root, demands)?;
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&directory, c".", flags, Mode::RUSR | Mode::WUSR)?;
    fill(file.as_fd())?;
    match link(file.as_fd(), directory.as_fd()) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens `/run/umh` if nobody but the owner can write there; makes it in a
/// `/run` of which the same is true and that is in memory.
#[cold]
fn directory(root: &Root, demands: Demands) -> core::result::Result<OwnedFd, Trouble> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let private = |status: Stat| status.st_uid == demands.owner && status.st_mode & 0o022 == 0;
    let run = open_unlinked(root, b"/run", flags)?;
    // Before /run is mounted, its name may be a directory of the root disk:
    // what is written there would be hidden by the mount, and found again, as
    // the calls of another boot, by the next one.
    if demands.in_memory && !matches!(rustix::fs::fstatfs(&run)?.f_type, TMPFS | RAMFS) {
        return Err(Trouble::Absent);
    }
    if !private(rustix::fs::fstat(&run)?) {
        return Err(Trouble::Untrusted);
    }
    match rustix::fs::mkdirat(&run, c"umh", Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let directory = rustix::fs::openat(&run, c"umh", flags, Mode::empty())?;
    if !private(rustix::fs::fstat(&directory)?) {
        return Err(Trouble::Untrusted);
    }
    Ok(directory)
}

/// Gives `file` all its pages and what [`Ring::new`] looks for.
fn fill(file: BorrowedFd<'_>) -> Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, BYTES as u64) {
        // ramfs, which an initramfs may have for /run, has no fallocate. It
        // gets a whole page for the last byte of one.
        Err(Errno::OPNOTSUPP) => {
            for page in 1..=BYTES as u64 / 4096 {
                write_at(file, &[0], page * 4096 - 1)?;
            }
        }
        result => result?,
    }
    write_at(file, &MAGIC.to_le_bytes(), 0)?;
    write_at(file, &FORMAT.to_le_bytes(), 8)
}

fn write_at(file: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> Result<()> {
    match rustix::io::pwrite(file, bytes, offset)? {
        written if written == bytes.len() => Ok(()),
        _ => Err(Errno::NOSPC),
    }
}

/// Gives the nameless `file` its name, open(2), `O_TMPFILE`.
fn link(file: BorrowedFd<'_>, directory: BorrowedFd<'_>) -> Result<()> {
    match rustix::fs::linkat(file, c"", directory, c"ring", AtFlags::EMPTY_PATH) {
        // Without CAP_DAC_READ_SEARCH, which a bounding set may lack; since
        // Linux 6.10 not needed for a file that the process itself opened.
        Err(Errno::NOENT) => {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let ours = rustix::fs::openat(CWD, c"/proc/self/fd", flags, Mode::empty())?;
            let number = DecInt::from_fd(file);
            rustix::fs::linkat(ours, number, directory, c"ring", AtFlags::SYMLINK_FOLLOW)
        }
        result => result,
    }
}
