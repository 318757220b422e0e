// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh.mode=` on the kernel's command line, which wins over all files.
//!
//! The line stays what it is for as long as the machine runs. So that it asks
//! for nothing, as nearly always, is read once and remembered in the ring
//! (`audit`), whose life is that of the boot. Nothing else is remembered: who
//! can write the ring gains no more than the policy as its files say it.

use rustix::fs::{Mode as FileMode, OFlags};

use super::Mode;
use crate::sys::Root;

/// Where the kernel shows its command line.
pub(super) const PATH: &[u8] = b"/proc/cmdline";

/// The longest command line of the architectures with Linux's largest
/// `COMMAND_LINE_SIZE` that a distribution uses; more is not looked at.
const LENGTH_MAX: usize = 4096;

/// What the command line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The mode, whatever the files say.
    pub(crate) mode: Option<Mode>,
    /// Whether `/etc` is ignored.
    pub(super) vendor_only: bool,
    /// Whether there is a value that means nothing.
    pub(super) unknown: bool,
}

impl CommandLine {
    /// Reads the command line; `None` without `/proc`.
    #[cold]
    pub fn read(root: &Root) -> Option<Self> {
        let mut buffer = [0; LENGTH_MAX];
        let file = root.open(PATH, OFlags::RDONLY | OFlags::NOCTTY, FileMode::empty());
        let read = rustix::io::read(file.ok()?, &mut buffer).ok()?;
        Some(Self::parse(buffer.get(..read)?))
    }

    /// The last of several counts, as for the kernel's own parameters; what
    /// follows `--` is init's.
    fn parse(line: &[u8]) -> Self {
        let mut asked = Self::default();
        let words = line
            .split(u8::is_ascii_whitespace)
            .take_while(|word| *word != b"--");
        for value in words.filter_map(|word| word.strip_prefix(b"umh.mode=")) {
            asked = match value {
                b"enforce" => Self {
                    mode: Some(Mode::Enforce),
                    ..Self::default()
                },
                b"audit" => Self {
                    mode: Some(Mode::Audit),
                    ..Self::default()
                },
                b"vendor-only" => Self {
                    vendor_only: true,
                    ..Self::default()
                },
                _ => Self {
                    unknown: true,
                    ..asked
                },
            };
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mode_counts_and_nothing_after_two_dashes() {
        let mode = |line: &[u8]| CommandLine::parse(line).mode;
        assert_eq!(mode(b"quiet umh.mode=audit\n"), Some(Mode::Audit));
        assert_eq!(
            mode(b"umh.mode=audit umh.mode=enforce"),
            Some(Mode::Enforce)
        );
        assert_eq!(mode(b"quiet -- umh.mode=audit"), None);
        assert_eq!(mode(b"xumh.mode=audit umh.mode="), None);
        assert!(CommandLine::parse(b"umh.mode=vendor-only").vendor_only);
        assert!(CommandLine::parse(b"umh.mode=off").unknown);
        assert_eq!(CommandLine::parse(b""), CommandLine::default());
    }
}
