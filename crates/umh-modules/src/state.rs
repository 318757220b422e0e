// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `/sys/module` says of a module.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use rustix::fd::AsFd as _;
use rustix::fs::RawDir;
use rustix::io::{Errno, Result};

use crate::system::{self, READ, System};

/// Where the kernel shows its modules.
const MODULES: &[u8] = b"/sys/module/";

/// What is told of a module that the kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its init function has not returned.
    Coming,
    /// It is loaded.
    Live,
    /// It is being unloaded.
    Going,
}

/// The state of a module by its normal name; `None` if the kernel has none.
pub fn of(system: &dyn System, module: &[u8]) -> Result<Option<State>> {
    match read(system, module, b"/initstate") {
        Ok(state) => match state.trim_ascii_end() {
            b"coming" => Ok(Some(State::Coming)),
            b"live" => Ok(Some(State::Live)),
            b"going" => Ok(Some(State::Going)),
            _ => Err(Errno::INVAL),
        },
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Whether the kernel has a directory for the module, as it also has for
/// parts of itself that take parameters.
pub fn is_known(system: &dyn System, module: &[u8]) -> bool {
    is_name(module) && system::open_directory(system, &[MODULES, module].concat()).is_ok()
}

/// Whether the kernel shows its modules at all: `/sys` may not be mounted.
pub fn are_shown(system: &dyn System) -> bool {
    system::open_directory(system, MODULES).is_ok()
}

/// How many use the module; `None` if it cannot be told.
pub fn references(system: &dyn System, module: &[u8]) -> Option<u32> {
    let count = read(system, module, b"/refcnt").ok()?;
    core::str::from_utf8(count.trim_ascii_end())
        .ok()?
        .parse()
        .ok()
}

/// The modules that use the module.
pub fn holders(system: &dyn System, module: &[u8]) -> Result<Vec<Vec<u8>>> {
    let path = [MODULES, module, b"/holders"].concat();
    let directory = system::open_directory(system, &path)?;
    let mut room = [const { MaybeUninit::uninit() }; 4096];
    let mut entries = RawDir::new(directory.as_fd(), &mut room);
    let mut holders = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name.first() != Some(&b'.') {
            holders.push(name.to_vec());
        }
    }
    Ok(holders)
}

fn read(system: &dyn System, module: &[u8], file: &[u8]) -> Result<Vec<u8>> {
    if !is_name(module) {
        return Err(Errno::NOENT);
    }
    let file = system.open(&[MODULES, module, file].concat(), READ)?;
    let mut bytes = Vec::with_capacity(64);
    let read = rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes));
    system.close(file);
    read.map(|_| bytes)
}

/// Whether a name stays where it is put in a path.
fn is_name(module: &[u8]) -> bool {
    !module.is_empty() && !module.contains(&b'/') && !module.starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Image;

    #[test]
    fn the_state_is_what_the_kernel_says() {
        let image = Image::with(&[
            ("/sys/module/a/initstate", "live\n"),
            ("/sys/module/a/refcnt", "3\n"),
            ("/sys/module/b/initstate", "coming\n"),
            ("/sys/module/a/holders/b", ""),
            ("/sys/module/c/parameters/x", "1"),
        ]);
        assert_eq!(of(&image, b"a"), Ok(Some(State::Live)));
        assert_eq!(of(&image, b"b"), Ok(Some(State::Coming)));
        assert_eq!(of(&image, b"c"), Ok(None));
        assert!(is_known(&image, b"c") && !is_known(&image, b"d"));
        assert_eq!(references(&image, b"a"), Some(3));
        assert_eq!(holders(&image, b"a").unwrap(), [b"b"]);
    }

    #[test]
    fn a_name_is_no_path() {
        let image = Image::with(&[("/sys/initstate", "live\n")]);
        for name in [&b".."[..], b"", b"../..", b"a/b"] {
            assert_eq!(of(&image, name), Ok(None));
            assert!(!is_known(&image, name));
        }
    }
}
