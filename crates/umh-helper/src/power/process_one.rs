// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who PID 1 is, by what the kernel says about it (proc_pid_exe(5),
//! proc_pid_status(5)). A signal that an init does not know may harm: SIGTERM
//! restarts systemd, reboots busybox. So nobody gets one unless both its
//! program and the signals that it handles, seen here, are an init's.

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::{Errno, Result};

use crate::sys::Root;

/// What `/proc` tells about PID 1.
pub(super) struct ProcessOne {
    exe: [u8; EXE_MAX],
    /// Length of the link's text in `exe`.
    len: usize,
    /// The signals that it catches, or blocks in order to wait for them;
    /// signal 1 is bit 0. PID 1 ignores all others (signal(7)).
    awaited: u64,
}

/// A program's path is shorter, or it is no init we know.
const EXE_MAX: usize = 256;

impl ProcessOne {
    /// Looks; an error without `/proc`.
    pub(super) fn look(root: &Root) -> Result<Self> {
        let mut exe = [0; EXE_MAX];
        let len = root.with(b"/proc/1/exe", |directory, path| {
            rustix::fs::readlinkat_raw(directory, path, &mut exe[..])
        })?;
        Ok(Self {
            exe,
            len,
            awaited: awaited(root)?,
        })
    }

    /// The file name of the program.
    pub(super) fn program(&self) -> &[u8] {
        let exe = self.exe.get(..self.len).unwrap_or(&[]);
        // An upgraded init runs from a file that is gone (proc_pid_exe(5)).
        let exe = exe.strip_suffix(b" (deleted)").unwrap_or(exe);
        exe.rsplit(|byte| *byte == b'/').next().unwrap_or(exe)
    }

    /// Whether it handles `signal`.
    pub(super) fn awaits(&self, signal: u8) -> bool {
        let bit = u32::from(signal)
            .checked_sub(1)
            .and_then(|shift| 1u64.checked_shl(shift));
        bit.is_some_and(|bit| self.awaited & bit != 0)
    }
}

/// Whether PID 1 runs the file `path`, under whatever name: hard links, as
/// `busybox --install` makes them, have no name in common.
pub(super) fn runs(root: &Root, path: &[u8]) -> bool {
    let stat = |path| {
        root.with(path, |directory, path| {
            rustix::fs::statat(directory, path, AtFlags::empty())
        })
    };
    match (stat(b"/proc/1/exe"), stat(path)) {
        (Ok(one), Ok(file)) => (one.st_dev, one.st_ino) == (file.st_dev, file.st_ino),
        _ => false,
    }
}

/// Reads `SigBlk` and `SigCgt`.
fn awaited(root: &Root) -> Result<u64> {
    let status = root.open(b"/proc/1/status", OFlags::RDONLY, Mode::empty())?;
    // The file is about 1.5 KiB, but `Groups` before the masks may be long.
    let mut text = [0; 8192];
    let mut used = 0;
    while let Some(room) = text.get_mut(used..).filter(|room| !room.is_empty()) {
        match rustix::io::read(&status, room)? {
            0 => break,
            more => used += more,
        }
    }
    let text = text.get(..used).unwrap_or(&[]);
    let mask = |key: &[u8]| {
        let line = text
            .split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(key))?;
        u64::from_str_radix(str::from_utf8(line.trim_ascii()).ok()?, 16).ok()
    };
    match (mask(b"SigBlk:"), mask(b"SigCgt:")) {
        (Some(blocked), Some(caught)) => Ok(blocked | caught),
        _ => Err(Errno::INVAL),
    }
}

/// Whether `path` exists, links followed.
pub(super) fn exists(root: &Root, path: &[u8]) -> bool {
    root.with(path, |directory, path| {
        rustix::fs::statat(directory, path, AtFlags::empty())
    })
    .is_ok()
}
