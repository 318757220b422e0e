// SPDX-License-Identifier: MIT OR Apache-2.0

//! Loading one module, and unloading it.
//!
//! The kernel gets the file itself where it can (`finit_module(2)`): then
//! LoadPin, IMA and lockdown see what they appraise, and the kernel unpacks
//! it. Only what it cannot unpack, which the file's first bytes tell, is
//! unpacked here and given as bytes (`init_module(2)`).

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::c_int;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::system::{delete_module, finit_module, init_module};

use crate::compressed::{self, Format};
use crate::state;
use crate::system::{self, READ, System};

/// What the kernel is told to pass over. It taints itself, and refuses where
/// signatures are enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// That the module was built for another kernel.
    pub ignore_vermagic: bool,
    /// That what it uses has another form here.
    pub ignore_modversions: bool,
}

/// A module was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The module's file.
    pub path: Vec<u8>,
    /// What was tried.
    pub step: Step,
    /// Why it did not work.
    pub errno: Errno,
    /// Why the kernel was not given the file itself, if it was not.
    pub unpacked: Option<&'static str>,
}

/// What is done to load a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its file is opened and read.
    Open,
    /// It is unpacked.
    Unpack(compressed::Error),
    /// The kernel takes it.
    Insert,
}

impl Failed {
    /// Whether it is no failure, because `module` is there already: by the
    /// same error number the module's own start can fail
    /// (`kernel/module/main.c:do_init_module`), and then the kernel does not
    /// show it.
    pub fn is_there(&self, system: &dyn System, module: &[u8]) -> bool {
        self.step == Step::Insert
            && self.errno == Errno::EXIST
            && (state::of(system, module) != Ok(None) || !state::are_shown(system))
    }
}

/// How a module is unloaded: it is never waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remove {
    /// Also while it is used, if the kernel can do that.
    pub force: bool,
}

/// Loads the module in the file at `path`. That it is there already is a
/// failure to be looked at: see [`Failed::is_there`].
pub fn insert(
    system: &dyn System,
    path: &[u8],
    options: &[u8],
    flags: Flags,
) -> Result<(), Failed> {
    let failed = |step, errno| Failed {
        path: path.to_vec(),
        step,
        errno,
        unpacked: None,
    };
    let open = |errno| failed(Step::Open, errno);
    let file = system.open(path, READ).map_err(open)?;
    let inserted = insert_file(system, file.as_fd(), options, flags);
    system.close(file);
    inserted.map_err(|error| Failed {
        path: path.to_vec(),
        ..error
    })
}

/// Unloads a module by its normal name. `WOULDBLOCK`: it is used.
pub fn remove(module: &[u8], how: Remove) -> rustix::io::Result<()> {
    /// `O_NONBLOCK` and `O_TRUNC`, which delete_module(2) takes as flags.
    const NO_WAIT: c_int = 0o4000;
    const FORCE: c_int = 0o1000;
    let name = CString::new(module).map_err(|_| Errno::NOENT)?;
    let force = if how.force { FORCE } else { 0 };
    delete_module(&name, NO_WAIT | force)
}

fn insert_file(
    system: &dyn System,
    file: BorrowedFd<'_>,
    options: &[u8],
    flags: Flags,
) -> Result<(), Failed> {
    let failed = |step, errno, unpacked| Failed {
        path: Vec::new(),
        step,
        errno,
        unpacked,
    };
    let options = CString::new(options).map_err(|_| failed(Step::Insert, Errno::INVAL, None))?;
    let mut begin = [0; compressed::HEADER];
    let length = rustix::io::pread(file, &mut begin, 0);
    let length = length.map_err(|errno| failed(Step::Open, errno, None))?;
    let begin = begin.get(..length).unwrap_or_default();

    let format = Format::of(begin);
    let refused = if format == Format::Plain {
        None
    } else if compressed::kernel_refuses(begin).is_some() {
        compressed::kernel_refuses(begin)
    } else if kernel_format(system) == Some(format) {
        None
    } else {
        Some("this kernel does not unpack its format")
    };
    let inserted = match refused {
        None => {
            let number = flags.number() | if format == Format::Plain { 0 } else { PACKED };
            match finit_module(file, &options, number) {
                // Before 3.8, or without CONFIG_MODULE_DECOMPRESS's flag.
                Err(Errno::NOSYS) => give_bytes(file, &options, flags),
                other => other.map_err(|errno| (Step::Insert, errno)),
            }
        }
        Some(_) => give_bytes(file, &options, flags),
    };
    inserted.map_err(|(step, errno)| failed(step, errno, refused))
}

/// Unpacks the module and gives the kernel its bytes.
fn give_bytes(file: BorrowedFd<'_>, options: &CString, flags: Flags) -> Result<(), (Step, Errno)> {
    let open = |errno| (Step::Open, errno);
    let packed = system::read_file(file, compressed::LIMIT).map_err(open)?;
    let unpack = |error| (Step::Unpack(error), Errno::INVAL);
    let module = compressed::decode(&packed, compressed::LIMIT).map_err(unpack)?;
    let inserted = if flags == Flags::default() {
        init_module(&module, options)
    } else {
        // Only the call that takes a file takes flags.
        in_memory(&module).and_then(|file| finit_module(&file, options, flags.number()))
    };
    inserted.map_err(|errno| (Step::Insert, errno))
}

/// A file without a name that holds `bytes`.
fn in_memory(mut bytes: &[u8]) -> rustix::io::Result<OwnedFd> {
    let file = memfd_create(c"module", MemfdFlags::CLOEXEC)?;
    while !bytes.is_empty() {
        let written = rustix::io::write(&file, bytes)?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(file)
}

/// `MODULE_INIT_COMPRESSED_FILE` (linux/module.h).
const PACKED: c_int = 4;

impl Flags {
    const fn number(self) -> c_int {
        // MODULE_INIT_IGNORE_MODVERSIONS and MODULE_INIT_IGNORE_VERMAGIC.
        (if self.ignore_modversions { 1 } else { 0 }) | (if self.ignore_vermagic { 2 } else { 0 })
    }
}

/// The format that the kernel unpacks, if there is one.
fn kernel_format(system: &dyn System) -> Option<Format> {
    let name = system::read(system, b"/sys/module/compression", 64).ok()?;
    let formats = [Format::Gzip, Format::Xz, Format::Zstd];
    formats
        .into_iter()
        .find(|format| format.name().as_bytes() == name.trim_ascii_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Image;

    #[test]
    fn a_start_that_found_its_things_taken_is_no_module_that_is_there() {
        let failed = |step, errno| Failed {
            path: b"/m/a.ko".to_vec(),
            step,
            errno,
            unpacked: None,
        };
        let exists = failed(Step::Insert, Errno::EXIST);
        let image = Image::with(&[("/sys/module/a/initstate", "coming\n")]);
        assert!(exists.is_there(&image, b"a"));
        assert!(!exists.is_there(&image, b"b"));
        assert!(!failed(Step::Insert, Errno::BUSY).is_there(&image, b"a"));
        assert!(!failed(Step::Open, Errno::EXIST).is_there(&image, b"a"));
        // Without /sys nobody can tell.
        assert!(exists.is_there(&Image::with(&[]), b"b"));
    }
}
