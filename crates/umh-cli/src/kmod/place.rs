// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where the modules of a kernel are, from `-d ROOT` and `-S RELEASE`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use umh_modules::system::{self, System};
use umh_modules::tree::Tree;

use super::file;

/// The modules of `release` below `root`; the running kernel's below `/` if
/// neither is given. A relative root begins where this process is, and stays
/// as it was written: it shows in what is printed.
pub fn tree<'s>(system: &'s dyn System, root: Option<&OsStr>, release: Option<&OsStr>) -> Tree<'s> {
    let release = release.map_or_else(system::release, |release| release.as_bytes().to_vec());
    let root = root.unwrap_or_default();
    if root.is_empty() || root.as_bytes().starts_with(b"/") {
        return Tree::of(system, root.as_bytes(), &release);
    }
    let root = file::absolute(Path::new(root));
    Tree::of(system, root.as_os_str().as_bytes(), &release)
}
