// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a caller waits for, and what it gets.
//!
//! `include/linux/umh.h` (`UMH_*`) and the return values of
//! `call_usermodehelper_exec`: 0, a negative error number, or, after
//! [`Wait::PROC`], the helper's wait status as wait(2) encodes it.

use core::fmt;
use core::ops::BitOr;

use crate::errno::Errno;

/// What a caller waits for: `UMH_*`, with the bits of today's kernels.
///
/// Until Linux 3.3 the same words had other values (`enum umh_wait`): -1, 0
/// and 1 were what [`Wait::NO`], [`Wait::EXEC`] and [`Wait::PROC`] are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(u32);

impl Wait {
    /// Nothing: even a missing program is success.
    #[doc(alias = "UMH_NO_WAIT")]
    pub const NO: Self = Self(0x00);
    /// That the program started, or why it did not.
    #[doc(alias = "UMH_WAIT_EXEC")]
    pub const EXEC: Self = Self(0x01);
    /// The program's end.
    #[doc(alias = "UMH_WAIT_PROC")]
    pub const PROC: Self = Self(0x02);
    /// A fatal signal may end the wait; the helper then goes on alone.
    #[doc(alias = "UMH_KILLABLE")]
    pub const KILLABLE: Self = Self(0x04);
    /// The caller may be frozen while it waits.
    #[doc(alias = "UMH_FREEZABLE")]
    pub const FREEZABLE: Self = Self(0x08);

    /// The bits as a caller in C gives them.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits as C has them.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nobody waits. Exactly 0: [`Wait::KILLABLE`] alone already
    /// waits, for the start.
    #[inline]
    pub const fn is_no(self) -> bool {
        self.0 == 0
    }

    /// Whether the caller waits for the helper's end.
    #[inline]
    pub const fn is_proc(self) -> bool {
        self.0 & Self::PROC.0 != 0
    }

    /// Whether a fatal signal may end the wait.
    #[inline]
    pub const fn is_killable(self) -> bool {
        self.0 & Self::KILLABLE.0 != 0
    }

    /// Whether the caller may be frozen meanwhile.
    #[inline]
    pub const fn is_freezable(self) -> bool {
        self.0 & Self::FREEZABLE.0 != 0
    }
}

impl BitOr for Wait {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<umh_abi::Wait> for Wait {
    fn from(wait: umh_abi::Wait) -> Self {
        match wait {
            umh_abi::Wait::No => Self::NO,
            umh_abi::Wait::Exec => Self::EXEC,
            umh_abi::Wait::Proc => Self::PROC,
        }
    }
}

/// A wait status as wait(2) encodes it, or whatever else of zero or above a
/// call came to: 0 when nothing was waited for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(i32);

impl Status {
    /// Exit code 0; also "it started" and "nothing to do".
    pub const SUCCESS: Self = Self(0);

    /// The end by exit(2) with `code`.
    pub const fn exited(code: u8) -> Self {
        Self((code as i32) << 8)
    }

    /// The end by a signal, 1 to 126, with or without a core.
    pub const fn killed(signal: u8, dumped_core: bool) -> Self {
        Self((signal & 0x7f) as i32 | if dumped_core { 0x80 } else { 0 })
    }

    /// The status as C has it; `None` if it is negative.
    #[inline]
    pub const fn new(status: i32) -> Option<Self> {
        if status < 0 { None } else { Some(Self(status)) }
    }

    /// The status as C has it, never negative: exit code 1 is 256.
    #[inline]
    pub const fn as_raw(self) -> i32 {
        self.0
    }

    /// The exit code, if that is how it ended.
    pub const fn code(self) -> Option<u8> {
        if self.0 & 0x7f == 0 {
            Some((self.0 >> 8 & 0xff) as u8)
        } else {
            None
        }
    }

    /// The signal that ended it, if one did.
    pub const fn signal(self) -> Option<u8> {
        match self.0 & 0x7f {
            0 => None,
            _ => Some((self.0 & 0x7f) as u8),
        }
    }

    /// Whether a core was saved.
    pub const fn dumped_core(self) -> bool {
        self.signal().is_some() && self.0 & 0x80 != 0
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.signal()) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "killed by signal {signal}"),
            (None, None) => write!(f, "status {}", self.0),
        }
    }
}

/// What `subprocess_info.retval` holds: an error below zero, a [`Status`]
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retval(i32);

impl Retval {
    /// The value a call starts with.
    pub const SUCCESS: Self = Self(0);

    /// The value as C has it. An `init` callback may give anything; what is
    /// below every error number is no error that a caller knows, so it is the
    /// most general one.
    #[inline]
    pub const fn from_raw(raw: i32) -> Self {
        if raw < -4095 {
            Self(Errno::EINVAL.to_retval())
        } else {
            Self(raw)
        }
    }

    /// The value as C has it.
    #[inline]
    pub const fn as_raw(self) -> i32 {
        self.0
    }

    /// The value after the process's end. One that could not become the helper
    /// ends with status 0, so that its own value stays.
    #[must_use]
    #[inline]
    pub const fn ended(self, status: Status) -> Self {
        match status {
            Status::SUCCESS => self,
            Status(status) => Self(status),
        }
    }

    /// The value as a caller in Rust reads it.
    #[inline]
    pub const fn into_result(self) -> Result<Status, Errno> {
        match Errno::new(-self.0) {
            Some(errno) => Err(errno),
            None => Ok(Status(self.0)),
        }
    }

    /// The value of a result, for a caller in C.
    #[inline]
    pub const fn of(result: Result<Status, Errno>) -> Self {
        match result {
            Ok(status) => Self(status.0),
            Err(errno) => Self(errno.to_retval()),
        }
    }
}

impl From<Errno> for Retval {
    #[inline]
    fn from(errno: Errno) -> Self {
        Self(errno.to_retval())
    }
}

impl From<Status> for Retval {
    fn from(status: Status) -> Self {
        Self(status.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_no_exit_code() {
        let failed = Status::exited(1);
        assert_eq!((failed.as_raw(), failed.code()), (256, Some(1)));
        let crashed = Status::killed(11, true);
        assert_eq!((crashed.as_raw(), crashed.signal()), (0x8b, Some(11)));
        assert_eq!((crashed.code(), crashed.dumped_core()), (None, true));
    }

    #[test]
    fn a_flag_without_a_wait_waits_for_the_start() {
        for wait in [Wait::KILLABLE, Wait::FREEZABLE] {
            assert!(!wait.is_no() && !wait.is_proc());
        }
        // What the old UMH_NO_WAIT means today.
        let every_bit = Wait::from_bits(u32::MAX);
        assert!(every_bit.is_proc() && every_bit.is_killable());
    }

    #[test]
    fn every_value_of_c_is_a_result_and_back() {
        for raw in [0, 1, 256, 9, 0x8b, -2, -512, -4095] {
            let result = Retval::from_raw(raw).into_result();
            assert_eq!(Retval::of(result).as_raw(), raw);
        }
        assert_eq!(Retval::from_raw(i32::MIN).into_result(), Err(Errno::EINVAL));
    }
}
