// SPDX-License-Identifier: MIT OR Apache-2.0

//! Inits that read a FIFO. Opening it for writing without waiting fails
//! unless somebody has it open for reading (fifo(7)), so a FIFO that an
//! earlier init left behind is not mistaken for a running one.

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::{Errno, Result};

use super::{Action, Machine};
use crate::sys::Root;

/// openrc-init (`src/openrc-init/openrc-init.c:main`): one word, no newline.
pub(super) fn ask_openrc(action: Action, root: &Root, _: &mut dyn Machine) -> Result<()> {
    let word: &[u8] = match action {
        Action::PowerOff => b"poweroff",
        Action::Reboot => b"reboot",
    };
    write(&open(root, b"/run/openrc/init.ctl")?, word)
}

/// sysvinit (`src/initreq.h`, `src/init.c:check_init_fifo`), the same as
/// `shutdown -hP now`, without its minutes and messages: the kind of halt,
/// which the halt script asks for, then the runlevel.
pub(super) fn ask_sysvinit(action: Action, root: &Root, _: &mut dyn Machine) -> Result<()> {
    let fifo = open(root, b"/run/initctl").or_else(|_| open(root, b"/dev/initctl"))?;
    match action {
        Action::PowerOff => {
            write(&fifo, &request(SETENV, 0, b"INIT_HALT=POWEROFF"))?;
            write(&fifo, &request(RUNLEVEL, b'0', b""))
        }
        Action::Reboot => write(&fifo, &request(RUNLEVEL, b'6', b"")),
    }
}

/// `INIT_CMD_RUNLVL` and `INIT_CMD_SETENV`.
const RUNLEVEL: u32 = 1;
const SETENV: u32 = 6;

/// `struct init_request`: magic, command, runlevel and the seconds between
/// SIGTERM and SIGKILL (0: init's own), each 4 bytes, then 368 bytes of data.
fn request(command: u32, runlevel: u8, data: &[u8]) -> [u8; 384] {
    const MAGIC: u32 = 0x0309_1969;
    let mut request = [0; 384];
    let words = [MAGIC, command, u32::from(runlevel), 0].map(u32::to_ne_bytes);
    let bytes = words.as_flattened().iter().chain(data);
    request
        .iter_mut()
        .zip(bytes)
        .for_each(|(slot, byte)| *slot = *byte);
    request
}

/// Opens a FIFO that has a reader and belongs to us: to root, that is.
fn open(root: &Root, path: &[u8]) -> Result<OwnedFd> {
    let fifo = root.open(
        path,
        OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        Mode::empty(),
    )?;
    let stat = rustix::fs::fstat(&fifo)?;
    let ours = stat.st_uid == rustix::process::geteuid().as_raw();
    let is_fifo = FileType::from_raw_mode(stat.st_mode) == FileType::Fifo;
    if ours && is_fifo {
        Ok(fifo)
    } else {
        Err(Errno::PERM)
    }
}

/// Writes all at once: less than `PIPE_BUF` bytes are never split (pipe(7)).
fn write(fifo: &OwnedFd, bytes: &[u8]) -> Result<()> {
    let written = rustix::io::write(fifo, bytes)?;
    if written == bytes.len() {
        Ok(())
    } else {
        Err(Errno::IO)
    }
}
