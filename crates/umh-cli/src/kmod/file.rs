// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: its name, and what is in it once decompressed.

use std::fmt::Display;
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

/// What `then` makes of the module in the file at the absolute `path`, which
/// may be compressed: of its parts, and of its last bytes.
pub fn with<T>(
    system: &dyn System,
    path: &[u8],
    then: impl FnOnce(&Object<'_>, &[u8]) -> T,
) -> io::Result<T> {
    let damaged = |error: &dyn Display| io::Error::other(error.to_string());
    let file = File::from(system.open(path, READ)?);
    let length = usize::try_from(file.metadata()?.len()).ok();
    let length = length.filter(|length| *length <= LIMIT);
    let length = length.ok_or(io::ErrorKind::FileTooLarge)?;
    let mut room = vec![0; Parts::room(length)];
    let mut parts = Parts::of(&file, length, &mut room)?;
    if Format::of(parts.head()) == Format::Plain {
        let object = Object::read(&mut parts).map_err(|unreadable| match unreadable {
            Unreadable::System(error) => error,
            Unreadable::Object(error) => damaged(&error),
        })?;
        return Ok(then(&object, parts.end(END)?));
    }
    let image = compressed::decode(parts.all()?, LIMIT).map_err(|error| damaged(&error))?;
    let object = Object::parse(&image).map_err(|error| damaged(&error))?;
    Ok(then(&object, &image))
}

/// The absolute path of a file that a person names; nothing is taken out of
/// it, so that it shows as it was written.
pub fn absolute(path: &Path) -> PathBuf {
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
