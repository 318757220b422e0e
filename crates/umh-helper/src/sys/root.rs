// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where absolute paths start.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, Result};

/// The longest path the kernel takes, with its NUL (`PATH_MAX`, limits.h).
const PATH_MAX: usize = 4096;

/// The directory that absolute paths start from: `/` for the kernel's calls,
/// an image's root for `umh --root`, a temporary directory under test.
#[derive(Debug)]
pub enum Root {
    /// The process's own root directory; costs no system call.
    System,
    /// A directory that stands for `/`.
    At(OwnedFd),
}

impl Root {
    /// Opens the absolute `path` below this root, always close-on-exec.
    /// Links on the way are followed by the kernel, so that under
    /// [`Root::At`] an absolute link leaves the root: paths whose directories
    /// strangers can write belong to `trust`, not here.
    pub fn open(&self, path: &[u8], flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.with(path, |directory, path| {
            rustix::fs::openat(directory, path, flags | OFlags::CLOEXEC, mode)
        })
    }

    /// Calls `act` with the directory and the NUL-terminated path that name
    /// the absolute `path`, for any system call of the `at` family.
    /// `NAMETOOLONG` from `PATH_MAX` on, `INVAL` for a NUL or a relative path.
    pub fn with<T>(
        &self,
        path: &[u8],
        act: impl FnOnce(BorrowedFd<'_>, &CStr) -> Result<T>,
    ) -> Result<T> {
        if path.first() != Some(&b'/') {
            return Err(Errno::INVAL);
        }
        match self {
            Self::System => with_c_str(path, |path| act(CWD, path)),
            Self::At(directory) => {
                use rustix::fd::AsFd;
                let inside = path.iter().position(|byte| *byte != b'/');
                let inside = inside.and_then(|start| path.get(start..)).unwrap_or(b".");
                with_c_str(inside, |path| act(directory.as_fd(), path))
            }
        }
    }
}

/// Calls `act` with `bytes` terminated by a NUL, copied to the stack.
pub fn with_c_str<T>(bytes: &[u8], act: impl FnOnce(&CStr) -> Result<T>) -> Result<T> {
    /// Nearly every path. A frame for the longest one would touch two pages of
    /// the stack, each a page fault.
    const SHORT: usize = 256;

    if bytes.len() < SHORT {
        let mut buffer = [const { MaybeUninit::uninit() }; SHORT];
        act(terminate(bytes, &mut buffer)?)
    } else {
        with_long_c_str(bytes, act)
    }
}

#[cold]
fn with_long_c_str<T>(bytes: &[u8], act: impl FnOnce(&CStr) -> Result<T>) -> Result<T> {
    // Not zeroed first, all of it for each path.
    let mut buffer = [const { MaybeUninit::uninit() }; PATH_MAX];
    act(terminate(bytes, &mut buffer)?)
}

fn terminate<'b>(bytes: &[u8], buffer: &'b mut [MaybeUninit<u8>]) -> Result<&'b CStr> {
    let room = buffer.get_mut(..=bytes.len()).ok_or(Errno::NAMETOOLONG)?;
    let (end, text) = room.split_last_mut().ok_or(Errno::NAMETOOLONG)?;
    text.write_copy_of_slice(bytes);
    end.write(0);
    // SAFETY: the text and its end, which are the whole room, were just
    // written.
    let terminated = unsafe { room.assume_init_ref() };
    CStr::from_bytes_with_nul(terminated).map_err(|_| Errno::INVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_any_length_that_the_kernel_takes_is_terminated() {
        for length in [0, 1, 255, 256, PATH_MAX - 1] {
            let path = vec![b'x'; length];
            assert_eq!(
                with_c_str(&path, |path| Ok(path.to_bytes().len())),
                Ok(length)
            );
        }
        let path = [b'x'; PATH_MAX];
        assert_eq!(with_c_str(&path, |_| Ok(())), Err(Errno::NAMETOOLONG));
        assert_eq!(with_c_str(b"a\0b", |_| Ok(())), Err(Errno::INVAL));
    }
}
