// SPDX-License-Identifier: MIT OR Apache-2.0

//! The guest's end of the second serial port.

use std::fs::File;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::protocol::Line;

/// `/dev/ttyS1` (Documentation/admin-guide/devices.txt).
const SERIAL: (u32, u32) = (4, 65);

/// Where the node is made.
const NODE: &str = "/umh-vm-channel";

/// The open port.
pub struct Channel {
    port: File,
}

impl Channel {
    /// Opens the port by a node of its own: `/dev` may be empty.
    pub fn open() -> Result<Self> {
        let device = rustix::fs::makedev(SERIAL.0, SERIAL.1);
        let kind = FileType::CharacterDevice;
        match rustix::fs::mknodat(CWD, NODE, kind, Mode::RUSR | Mode::WUSR, device) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno).context(NODE),
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let port = rustix::fs::open(NODE, flags, Mode::empty())
            .context("the second serial port: is there one?")?;
        let mut raw = tcgetattr(&port)?;
        raw.make_raw();
        tcsetattr(&port, OptionalActions::Now, &raw)?;
        Ok(Self { port: port.into() })
    }

    /// Sends one line; it is at the host when this returns.
    pub fn send(&self, line: &Line) -> Result<()> {
        (&self.port).write_all(format!("{line}\n").as_bytes())?;
        rustix::termios::tcdrain(&self.port)?;
        Ok(())
    }
}
