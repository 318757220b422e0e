// SPDX-License-Identifier: MIT OR Apache-2.0

//! A driver wants a file: where it is looked for, and when user space is asked.
//!
//! `drivers/base/firmware_loader/main.c:_request_firmware`,
//! `fw_get_filesystem_firmware` and `fallback.c`. The order:
//!
//! 1. what is built in, by its exact name;
//! 2. the file system: every directory for the plain file, then every
//!    directory for `.zst`, then for `.xz`. The next suffix is tried only
//!    after `ENOENT`, and never for a part of a file;
//! 3. the platform's copy, if asked for;
//! 4. user space, if allowed ([`falls_back`]).
//!
//! A pass through the directories ends with what the *last* one said: that an
//! early directory may not be read stays hidden behind a later `ENOENT`.

mod fallback;

pub use fallback::Answer;
pub use fallback::CACHE_TIMEOUT_SECONDS;
pub use fallback::Fallback;
pub use fallback::Settings;
pub use fallback::TIMEOUT_SECONDS;
pub use fallback::ask;
pub use fallback::falls_back;

use core::ops::BitOr;

use crate::errno::Errno;

/// How a file is asked for: `FW_OPT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options(u32);

impl Options {
    /// Announce the request for user space in a uevent.
    pub const UEVENT: Self = Self(1);
    /// The driver does not wait.
    pub const NOWAIT: Self = Self(2);
    /// Ask user space if the file is nowhere.
    pub const USERHELPER: Self = Self(4);
    /// A missing file is no news.
    pub const NO_WARN: Self = Self(8);
    /// Do not keep the file for the next resume.
    pub const NOCACHE: Self = Self(16);
    /// Never ask user space.
    pub const NOFALLBACK_SYSFS: Self = Self(32);
    /// Look at the platform's copy too.
    pub const FALLBACK_PLATFORM: Self = Self(64);
    /// A part of a file will do.
    pub const PARTIAL: Self = Self(128);

    /// `request_firmware`.
    #[doc(alias = "request_firmware")]
    pub const REQUEST: Self = Self::UEVENT;
    /// `firmware_request_nowarn`.
    #[doc(alias = "firmware_request_nowarn")]
    pub const REQUEST_NOWARN: Self = Self(Self::UEVENT.0 | Self::NO_WARN.0);
    /// `request_firmware_direct`.
    #[doc(alias = "request_firmware_direct")]
    pub const DIRECT: Self = Self(Self::REQUEST_NOWARN.0 | Self::NOFALLBACK_SYSFS.0);
    /// `firmware_request_platform`.
    #[doc(alias = "firmware_request_platform")]
    pub const PLATFORM: Self = Self(Self::UEVENT.0 | Self::FALLBACK_PLATFORM.0);
    /// `request_firmware_into_buf`.
    #[doc(alias = "request_firmware_into_buf")]
    pub const INTO_BUF: Self = Self(Self::UEVENT.0 | Self::NOCACHE.0);
    /// `request_partial_firmware_into_buf`.
    #[doc(alias = "request_partial_firmware_into_buf")]
    pub const PARTIAL_INTO_BUF: Self = Self(Self::INTO_BUF.0 | Self::PARTIAL.0);
    /// `request_firmware_nowait` with a uevent.
    #[doc(alias = "request_firmware_nowait")]
    pub const NOWAIT_UEVENT: Self = Self(Self::NOWAIT.0 | Self::UEVENT.0);
    /// `request_firmware_nowait` without a uevent: the one request that asks
    /// for the fallback by itself.
    pub const NOWAIT_CUSTOM: Self = Self(Self::NOWAIT.0 | Self::USERHELPER.0);
    /// `firmware_request_nowait_nowarn`.
    #[doc(alias = "firmware_request_nowait_nowarn")]
    pub const NOWAIT_NOWARN: Self = Self(Self::NOWAIT_UEVENT.0 | Self::NO_WARN.0);

    /// Whether all of `others` are among these.
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether a file that was found is remembered, by name, to be loaded
    /// again before the next suspend: it was asked for by a device, with a
    /// uevent, and may be cached.
    pub const fn is_cached(self, for_device: bool) -> bool {
        for_device && self.has(Self::UEVENT) && !self.has(Self::NOCACHE)
    }

    /// Whether a name that is remembered for a resume cannot be asked for so:
    /// `EOPNOTSUPP`. The file would come to where the cache does not look.
    #[doc(alias = "fw_cache_is_setup")]
    pub const fn is_against_cache(self) -> bool {
        self.has(Self::NOCACHE) || self.has(Self::NOWAIT) && !self.has(Self::UEVENT)
    }

    /// Whether requests for one name at the same time share one load.
    pub const fn is_shared(self) -> bool {
        !self.has(Self::NOCACHE) && !self.has(Self::PARTIAL)
    }
}

impl BitOr for Options {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How a file in the file system is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// zstd; the frame must say how long the content is.
    Zst,
    /// xz.
    Xz,
}

impl Packing {
    /// What follows the name.
    pub const fn suffix(self) -> &'static [u8] {
        match self {
            Self::Plain => b"",
            Self::Zst => b".zst",
            Self::Xz => b".xz",
        }
    }
}

/// Where a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the kernel or program itself (`EXTRA_FIRMWARE`).
    BuiltIn,
    /// In the file system.
    File {
        /// The file's path, in pieces to be joined.
        path: [&'a [u8]; 5],
        /// How it is packed.
        packing: Packing,
    },
    /// In the platform's own memory (`EFI_EMBEDDED_FIRMWARE`).
    Platform,
}

/// What decides where files are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// `firmware_class.path`; empty for none. What follows a newline does not
    /// count.
    pub custom: &'a [u8],
    /// The kernel's release, `uname -r`.
    pub release: &'a [u8],
    /// The suffixes that the kernel was built with, in this order.
    pub packings: &'a [Packing],
}

/// Whether a file may have this name at all: `EINVAL` otherwise, before
/// anything is looked at.
#[doc(alias = "name_contains_dotdot")]
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.split(|byte| *byte == b'/').all(|part| part != b"..")
}

/// `PATH_MAX`, with the NUL.
const PATH_MAX: usize = 4096;

impl<'a> Search<'a> {
    /// Looks for `name`: `get` is asked for each place in order until it has
    /// the file. A file of no bytes it reports as `EINVAL`, as
    /// `kernel_read_file` does. What comes after the last place is
    /// [`falls_back`].
    pub fn find<T>(
        &self,
        name: &'a [u8],
        options: Options,
        mut get: impl FnMut(Place<'a>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        if !is_name(name) {
            return Err(Errno::EINVAL);
        }
        if let Ok(found) = get(Place::BuiltIn) {
            return Ok(found);
        }

        let mut failed = self.pass(name, Packing::Plain, &mut get);
        // A part of a file is a plain file's.
        if options.has(Options::PARTIAL) {
            return failed;
        }
        for packing in self.packings {
            if !matches!(failed, Err(Errno::ENOENT)) {
                break;
            }
            if *packing != Packing::Plain {
                failed = self.pass(name, *packing, &mut get);
            }
        }
        match failed {
            Err(Errno::ENOENT) if options.has(Options::FALLBACK_PLATFORM) => get(Place::Platform),
            result => result,
        }
    }

    /// Every directory for one suffix.
    fn pass<T>(
        &self,
        name: &'a [u8],
        packing: Packing,
        get: &mut impl FnMut(Place<'a>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let custom = self.custom.split(|byte| *byte == b'\n').next();
        let directories: [[&'a [u8]; 2]; 5] = [
            [custom.unwrap_or_default(), b""],
            [b"/lib/firmware/updates/", self.release],
            [b"/lib/firmware/updates", b""],
            [b"/lib/firmware/", self.release],
            [b"/lib/firmware", b""],
        ];
        let mut result = Err(Errno::ENOENT);
        for [first, second] in directories {
            if first.is_empty() {
                continue;
            }
            let path = [first, second, b"/", name, packing.suffix()];
            if path.iter().map(|piece| piece.len()).sum::<usize>() >= PATH_MAX {
                return Err(Errno::ENAMETOOLONG);
            }
            result = get(Place::File { path, packing });
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests;
