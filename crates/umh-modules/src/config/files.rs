// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which files of the configuration's directories are read, and in which
//! order.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use rustix::fd::AsFd as _;
use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;

use super::{Complaint, OLD_VENDORS, Sources, VENDORS};
use crate::system::{self, System};

/// The largest file that is read: far more than anybody writes by hand, and
/// ten times what depmod writes.
const FILE_MAX: usize = 4 << 20;

/// The files, in the order of reading.
pub(super) fn list(
    system: &dyn System,
    sources: &Sources<'_>,
    complain: &mut dyn FnMut(&Complaint<'_>),
) -> impl Iterator<Item = Vec<u8>> + use<> {
    let mut files = BTreeMap::new();
    if !sources.tree.is_empty() {
        files.insert(b"modules.softdep".to_vec(), softdeps(sources.tree));
    }
    if !sources.tree.is_empty() && sources.weakdeps {
        files.insert(
            b"modules.weakdep".to_vec(),
            join(sources.tree, b"modules.weakdep"),
        );
    }
    let mut has_vendors = false;
    for path in sources.paths {
        // Where /lib is a link, all of its names are there already.
        if *path == OLD_VENDORS && has_vendors && is_merged(system) {
            continue;
        }
        match add(system, path, &mut files, complain) {
            Ok(()) => has_vendors |= *path == VENDORS,
            Err(Errno::NOENT) => {}
            Err(errno) => complain(&Complaint::Unreadable { path, errno }),
        }
    }
    files.into_values()
}

/// Whether `/lib` is `/usr/lib`, as nearly everywhere.
fn is_merged(system: &dyn System) -> bool {
    let target = system.link(b"/lib");
    target.is_ok_and(|target| matches!(&target[..], b"usr/lib" | b"/usr/lib"))
}

/// The text of a file; one that does not exist has none.
pub(super) fn read(
    system: &dyn System,
    path: &[u8],
    complain: &mut dyn FnMut(&Complaint<'_>),
) -> Option<Vec<u8>> {
    match system::read(system, path, FILE_MAX) {
        Ok(text) => Some(text),
        Err(Errno::NOENT | Errno::NOTDIR) => None,
        Err(Errno::ISDIR) => {
            complain(&Complaint::Directory { path });
            None
        }
        Err(errno) => {
            complain(&Complaint::Unreadable { path, errno });
            None
        }
    }
}

/// Adds the files of a directory, or the file that `path` is, unless an
/// earlier one has its name.
fn add(
    system: &dyn System,
    path: &[u8],
    files: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    complain: &mut dyn FnMut(&Complaint<'_>),
) -> rustix::io::Result<()> {
    let directory = match system::open_directory(system, path) {
        Ok(directory) => directory,
        Err(Errno::NOTDIR) => {
            files
                .entry(name(path).to_vec())
                .or_insert_with(|| path.to_vec());
            return Ok(());
        }
        Err(errno) => return Err(errno),
    };
    let mut room = [const { MaybeUninit::uninit() }; 8192];
    let mut entries = RawDir::new(directory.as_fd(), &mut room);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        let is_file = name.first() != Some(&b'.')
            && name
                .strip_suffix(b".conf")
                .is_some_and(|stem| !stem.is_empty());
        if !is_file {
            continue;
        }
        let file = join(path, name);
        if entry.file_type() == FileType::Directory {
            complain(&Complaint::Directory { path: &file });
            continue;
        }
        files.entry(name.to_vec()).or_insert(file);
    }
    system.close(directory);
    Ok(())
}

/// The file of depmod's that has soft dependencies.
pub(super) fn softdeps(tree: &[u8]) -> Vec<u8> {
    join(tree, b"modules.softdep")
}

/// The last part of a path, by which files are put in order.
pub(super) fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    [directory, b"/", name].concat()
}
