// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel's log, from a moment on.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context as _, Result};
use rustix::fs::OFlags;

/// `/dev/kmsg`, open at some moment.
pub struct KernelLog {
    file: File,
}

/// One record of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The priority, without the facility: 4 is a warning.
    pub priority: u8,
    /// The text, as `/dev/kmsg` escapes it.
    pub text: String,
}

impl KernelLog {
    /// From now on.
    pub fn follow() -> Result<Self> {
        let log = Self::since_boot()?;
        rustix::fs::seek(&log.file, rustix::fs::SeekFrom::End(0))?;
        Ok(log)
    }

    /// From the kernel's first line that is still there.
    pub fn since_boot() -> Result<Self> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits())?;
        let file = File::options()
            .read(true)
            .custom_flags(flags)
            .open("/dev/kmsg")
            .context("/dev/kmsg")?;
        Ok(Self { file })
    }

    /// What has come since the last time.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        // One read is one record, at most 8 KiB (Documentation/ABI/testing/dev-kmsg).
        let mut record = vec![0; 8192];
        loop {
            match (&self.file).read(&mut record) {
                Ok(length) => entries.extend(record.get(..length).and_then(entry)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(entries),
                // Records that were overwritten before they were read.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                Err(error) => return Err(error).context("/dev/kmsg"),
            }
        }
    }

    /// The lines of usermode-helper that have come since the last time.
    pub fn ours(&self) -> Result<Vec<Entry>> {
        let mut entries = self.entries()?;
        entries.retain(|entry| entry.text.starts_with("umh: "));
        Ok(entries)
    }
}

/// `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n KEY=VALUE\n`.
fn entry(record: &[u8]) -> Option<Entry> {
    let record = String::from_utf8_lossy(record);
    let (prefix, rest) = record.split_once(';')?;
    let number: u32 = prefix.split(',').next()?.parse().ok()?;
    let text = rest.lines().next()?.to_owned();
    Some(Entry {
        priority: u8::try_from(number & 7).ok()?,
        text,
    })
}
