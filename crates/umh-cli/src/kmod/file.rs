// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: its name, and what is in it once decompressed.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use umh_modules::compressed::{self, Format, LIMIT};
use umh_modules::elf::Object;
use umh_modules::name;
use umh_modules::system::{READ, System};

use super::parts::{Parts, Unreadable};

/// How much of a file's end is of interest: the longest signatures that the
/// kernel makes (ML-DSA-87) take five thousand bytes.
const END: usize = 16 << 10;

/// Reads modules' files, by absolute paths, one after the other into the same
/// memory. They may be compressed.
pub struct Reader<'s> {
    system: &'s dyn System,
    room: Vec<u8>,
}

impl<'s> Reader<'s> {
    /// One for the files of `system`.
    pub fn new(system: &'s dyn System) -> Self {
        let room = Vec::new();
        Self { system, room }
    }

    /// What `then` makes of a whole module.
    pub fn object<T>(&mut self, path: &[u8], then: impl FnOnce(&Object<'_>) -> T) -> io::Result<T> {
        self.read(path, |parts| Object::read(parts), |object, _| then(object))
    }

    /// What `then` makes of what a module says of itself, and of its file's
    /// last bytes.
    pub fn modinfo<T>(
        &mut self,
        path: &[u8],
        then: impl FnOnce(&Object<'_>, &[u8]) -> T,
    ) -> io::Result<T> {
        self.read(path, |parts| Object::read_modinfo(parts), then)
    }

    fn read<T>(
        &mut self,
        path: &[u8],
        plain: for<'a> fn(&mut Parts<'a>) -> Result<Object<'a>, Unreadable>,
        then: impl FnOnce(&Object<'_>, &[u8]) -> T,
    ) -> io::Result<T> {
        let file = File::from(self.system.open(path, READ)?);
        let length = usize::try_from(file.metadata()?.len()).ok();
        let length = length.filter(|length| *length <= LIMIT);
        let length = length.ok_or(io::ErrorKind::FileTooLarge)?;
        let mut parts = Parts::of(&file, length, &mut self.room)?;
        if Format::of(parts.head()) == Format::Plain {
            let object = plain(&mut parts)?;
            return Ok(then(&object, parts.end(END)?));
        }
        let image = compressed::decode(parts.all()?, LIMIT).map_err(Unreadable::from)?;
        let object = Object::parse(&image).map_err(Unreadable::from)?;
        Ok(then(&object, &image))
    }
}

/// The absolute path of a file that a person names; nothing is taken out of
/// it, so that it shows as it was written.
pub fn absolute(path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    std::env::current_dir()
        .unwrap_or_else(|_| "/".into())
        .join(path)
}

/// The absolute path of a file that exists.
pub fn found(path: &Path) -> io::Result<PathBuf> {
    path.metadata().map(|_| absolute(path))
}

/// Whether the name ends as a module's does.
pub fn is_named_as_module(path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    [&b".ko"[..], b".ko.gz", b".ko.xz", b".ko.zst"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// The name of the module in a file: the file's up to the first dot.
pub fn module_name(path: &Path) -> Vec<u8> {
    name::of_path(path.as_os_str().as_bytes())
}
