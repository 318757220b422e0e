// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel's log, for the line in which it says why it refused a module
//! (`Documentation/ABI/testing/dev-kmsg`).

use alloc::vec::Vec;

use rustix::fd::OwnedFd;
use rustix::io::Errno;

use crate::system::{READ, System};

/// How much older than the newest record a line may be, microseconds: what
/// the kernel said about an earlier try is not about this one.
const AGE_MAX: u64 = 2_000_000;

/// The most records that are looked at.
const RECORDS_MAX: usize = 100_000;

/// How LoadPin's lines begin (`security/loadpin/loadpin.c`).
pub(super) const LOADPIN: &[u8] = b"LoadPin:";

/// The kernel's log, open for reading: to be opened while one still may
/// (`kernel.dmesg_restrict` asks for `CAP_SYSLOG`).
#[derive(Debug)]
pub struct KernelLog(OwnedFd);

impl KernelLog {
    /// Opens it, where there is one that may be read.
    pub fn open(system: &dyn System) -> Option<Self> {
        system.open(b"/dev/kmsg", READ).ok().map(Self)
    }

    /// The last thing that the kernel said about `module` just now.
    pub(super) fn line_about(&self, module: &[u8]) -> Option<Vec<u8>> {
        let mut newest = 0;
        let mut line: Option<(u64, Vec<u8>)> = None;
        for _ in 0..RECORDS_MAX {
            // A longer record is refused with INVAL, one overwritten while it
            // was read with PIPE.
            let mut record = [0; 2048];
            let length = match rustix::io::read(&self.0, &mut record) {
                Ok(length) if length > 0 => length,
                Err(Errno::PIPE | Errno::INVAL | Errno::INTR) => continue,
                _ => break,
            };
            let record = record.get(..length).unwrap_or_default();
            if let Some((time, text)) = parse(record) {
                newest = time;
                if is_about(text, module) {
                    line = Some((time, text.to_vec()));
                }
            }
        }
        line.filter(|(time, _)| time + AGE_MAX >= newest)
            .map(|(_, text)| text)
    }
}

/// Time and text of `PRIORITY,NUMBER,TIME,FLAGS;TEXT` and its further lines,
/// if the kernel wrote it and no process.
fn parse(record: &[u8]) -> Option<(u64, &[u8])> {
    let semicolon = record.iter().position(|byte| *byte == b';')?;
    let (head, text) = record.split_at_checked(semicolon)?;
    let mut fields = core::str::from_utf8(head).ok()?.split(',');
    let priority: u32 = fields.next()?.parse().ok()?;
    let time = fields.nth(1)?.parse().ok()?;
    let text = text.get(1..)?.split(|byte| *byte == b'\n').next()?;
    // The facility is above the level.
    (priority >> 3 == 0).then_some((time, text))
}

/// Whether a line is about the module: it begins `NAME:`, or names it as a
/// word, `-` and `_` being one. A missing signature is told without a name
/// (`kernel/module/signing.c`), and so is a module that is no file to LoadPin.
fn is_about(text: &[u8], module: &[u8]) -> bool {
    let is_unsigned = text.starts_with(b"Loading of ") && text.ends_with(b" is rejected");
    let has_no_file = |text: &[u8]| text.starts_with(b" kernel-module old-api-denied ");
    if is_unsigned || text.strip_prefix(LOADPIN).is_some_and(has_no_file) {
        return true;
    }
    let fold = |byte: &u8| if *byte == b'-' { b'_' } else { *byte };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut words = text.split(|byte| !is_name(byte));
    words.any(|word| word.iter().map(fold).eq(module.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::Image;

    #[test]
    fn a_record_of_the_kernel_is_read() {
        let record = b"3,1207,5123456,-;x_y: Unknown symbol z (err -2)\n SUBSYSTEM=module\n";
        let (time, text) = parse(record).unwrap();
        assert_eq!(time, 5_123_456);
        assert_eq!(text, b"x_y: Unknown symbol z (err -2)");
        assert!(is_about(text, b"x_y"));
        assert!(is_about(
            b"x-y: disagrees about version of symbol z",
            b"x_y"
        ));
        assert!(is_about(b"Loading of unsigned module is rejected", b"x_y"));
        assert!(!is_about(text, b"x"));
        let refused = b"LoadPin: kernel-module old-api-denied obj=(null) pid=7 cmdline=\"m\"";
        assert!(is_about(refused, b"x_y"));
        let denied = b"LoadPin: kernel-module denied obj=\"/mnt/x-y.ko\" pid=7 cmdline=\"m\"";
        assert!(is_about(denied, b"x_y") && !is_about(denied, b"x"));
        // Facility 1: a process wrote it.
        assert_eq!(parse(b"12,1,2,-;x_y: nonsense"), None);
        assert_eq!(parse(b"nothing"), None);
    }

    #[test]
    fn where_there_is_no_log_nothing_is_quoted() {
        assert!(KernelLog::open(&Image::with(&[])).is_none());
    }
}
