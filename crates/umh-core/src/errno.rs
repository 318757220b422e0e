// SPDX-License-Identifier: MIT OR Apache-2.0

//! The one error type: a Linux error number.
//!
//! As in Linux's `rust/kernel/error.rs`, an unknown number stays a number: a
//! host hands on whatever its primitives say.

use core::fmt;
use core::num::NonZeroI32;

/// An error number of Linux, without its sign.
///
/// # Invariants
///
/// It is 1 to 4095 (`MAX_ERRNO`, `include/linux/err.h`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(NonZeroI32);

impl Errno {
    /// The error `number`, given without its sign; `None` if it is not 1 to
    /// 4095.
    #[inline]
    pub const fn new(number: i32) -> Option<Self> {
        if number < 1 || number > 4095 {
            return None;
        }
        match NonZeroI32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number without its sign.
    #[inline]
    pub const fn number(self) -> i32 {
        self.0.get()
    }

    /// The number as C functions of the kernel return it: negative.
    #[inline]
    pub const fn to_retval(self) -> i32 {
        -self.number()
    }
}

/// Makes the constants and their names from one list.
macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)+) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Self = match Self::new($number) {
                Some(errno) => errno,
                // The list holds no such number; the compiler would say so.
                None => panic!(),
            };)+

            /// The constant's name, for the errors that umh itself makes or
            /// tells apart.
            pub const fn name(self) -> Option<&'static str> {
                match self.number() {
                    $($number => Some(stringify!($name)),)+
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    /// Not allowed.
    EPERM = 1,
    /// No such file: no program, no firmware, or autoloading is off.
    ENOENT = 2,
    /// Interrupted: a fatal signal ended the wait for firmware.
    EINTR = 4,
    /// Input or output failed.
    EIO = 5,
    /// The arguments and the environment are too long for execve(2).
    E2BIG = 7,
    /// The file is no program.
    ENOEXEC = 8,
    /// No such process, or no resources for one; helpers are switched off.
    EAGAIN = 11,
    /// No memory; an event's environment is full.
    ENOMEM = 12,
    /// The program may not be run.
    EACCES = 13,
    /// Helpers are disabled or about to be.
    EBUSY = 16,
    /// No such device.
    ENODEV = 19,
    /// An argument makes no sense: no path, a depth that disables nothing.
    EINVAL = 22,
    /// A file is too large.
    EFBIG = 27,
    /// A name or path is too long.
    ENAMETOOLONG = 36,
    /// The kernel has no such function: no modules.
    ENOSYS = 38,
    /// Fifty other requests kept the slot for five seconds.
    ETIME = 62,
    /// Not supported.
    EOPNOTSUPP = 95,
    /// Nobody answered in time.
    ETIMEDOUT = 110,
    /// The key was not made.
    ENOKEY = 126,
    /// A fatal signal ended the wait for a helper (`include/linux/errno.h`).
    ERESTARTSYS = 512,
    /// A fatal signal came before the program (`include/linux/errno.h`).
    ERESTARTNOHAND = 514,
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.number()),
        }
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_numbers_are_errors() {
        for number in [0, -1, 4096, i32::MIN, i32::MAX] {
            assert_eq!(Errno::new(number), None);
        }
        assert_eq!(Errno::new(4095).map(Errno::number), Some(4095));
    }

    #[test]
    fn an_unknown_number_stays_a_number() {
        let unknown = Errno::new(1000).unwrap();
        assert_eq!((unknown.name(), unknown.to_retval()), (None, -1000));
        assert_eq!(Errno::new(512), Some(Errno::ERESTARTSYS));
    }
}
