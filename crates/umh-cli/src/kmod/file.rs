// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file: its name, and what is in it once decompressed.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use umh_modules::compressed::{self, LIMIT};
use umh_modules::name;

/// Reads a file, decompressed if its first bytes say that it is compressed.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    match compressed::Format::of(&bytes) {
        compressed::Format::Plain => Ok(bytes),
        _ => compressed::decode(&bytes, LIMIT).map_err(|error| io::Error::other(error.to_string())),
    }
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
