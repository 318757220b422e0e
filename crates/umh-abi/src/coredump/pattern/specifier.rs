// SPDX-License-Identifier: MIT OR Apache-2.0

//! The specifiers of a core pattern and their values.

use crate::emit::Decimal;

/// Makes [`Specifier`] from the one list of letters.
macro_rules! specifiers {
    ($($(#[$doc:meta])* $variant:ident = $letter:literal,)+) => {
        /// What stands after a `%`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Specifier {
            $($(#[$doc])* $variant,)+
        }

        impl Specifier {
            /// Every specifier, the same in 6.12 and 7.2.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The letter after `%`.
            pub const fn letter(self) -> u8 {
                match self {
                    $(Self::$variant => $letter,)+
                }
            }

            /// The specifier of that letter.
            pub fn of(letter: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|specifier| specifier.letter() == letter)
            }
        }
    };
}

specifiers! {
    /// `%p`: the process id, as the process itself sees it.
    Pid = b'p',
    /// `%P`: the process id in the initial namespace.
    GlobalPid = b'P',
    /// `%i`: the thread id, as the process itself sees it.
    Tid = b'i',
    /// `%I`: the thread id in the initial namespace.
    GlobalTid = b'I',
    /// `%u`: the real user id in the initial namespace.
    Uid = b'u',
    /// `%g`: the real group id in the initial namespace.
    Gid = b'g',
    /// `%d`: the dump mode, `PR_GET_DUMPABLE` of prctl(2).
    Dumpable = b'd',
    /// `%s`: the signal's number.
    Signal = b's',
    /// `%t`: the time in UNIX seconds.
    Time = b't',
    /// `%h`: the host name in the process's namespace.
    Hostname = b'h',
    /// `%e`: the name of the thread, which it may choose.
    Comm = b'e',
    /// `%f`: the executable's name.
    Executable = b'f',
    /// `%E`: the executable's path.
    ExecutablePath = b'E',
    /// `%c`: the soft limit of the core's size.
    CoreLimit = b'c',
    /// `%C`: the processor that the thread ran on.
    Cpu = b'C',
    /// `%F`: the descriptor of a pidfd, always 3; only with a pipe.
    Pidfd = b'F',
}

impl Specifier {
    /// Whether the value is a number. Other values are names that strangers
    /// chose, without `/`, never empty, `.` or `..`.
    pub const fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Hostname | Self::Comm | Self::Executable | Self::ExecutablePath
        )
    }

    /// Whether `text` can be the value.
    pub(super) fn admits(self, text: &[u8]) -> bool {
        if self == Self::Pidfd {
            text == PIDFD
        } else if self.is_number() {
            // No leading zeros; the largest has 20 digits.
            let leading_zero = matches!(text, [b'0', _, ..]);
            (1..=20).contains(&text.len()) && !leading_zero && text.iter().all(u8::is_ascii_digit)
        } else {
            !matches!(text, b"" | b"." | b"..") && !text.contains(&b'/')
        }
    }

    /// Writes the value for `crash`, in pieces.
    pub(super) fn expand(self, crash: &Crash<'_>, sink: &mut dyn FnMut(&[u8])) {
        let number: u64 = match self {
            Self::Pid => crash.pid.into(),
            Self::GlobalPid => crash.global_pid.into(),
            Self::Tid => crash.tid.into(),
            Self::GlobalTid => crash.global_tid.into(),
            Self::Uid => crash.uid.into(),
            Self::Gid => crash.gid.into(),
            Self::Dumpable => crash.dumpable.into(),
            Self::Signal => crash.signal.into(),
            Self::Time => crash.time,
            Self::CoreLimit => crash.core_limit,
            Self::Cpu => crash.cpu.into(),
            Self::Hostname => return escape(&[crash.hostname], sink),
            Self::Comm => return escape(&[crash.comm], sink),
            Self::Executable | Self::ExecutablePath => {
                let Some(path) = crash.executable else {
                    return escape(&[crash.comm, b" (path unknown)"], sink);
                };
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
                return escape(&[if self == Self::Executable { name } else { path }], sink);
            }
            Self::Pidfd => return sink(PIDFD),
        };
        sink(Decimal::unsigned(number).as_bytes());
    }
}

/// What the specifiers tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash<'a> {
    /// [`Specifier::Pid`].
    pub pid: u32,
    /// [`Specifier::GlobalPid`].
    pub global_pid: u32,
    /// [`Specifier::Tid`].
    pub tid: u32,
    /// [`Specifier::GlobalTid`].
    pub global_tid: u32,
    /// [`Specifier::Uid`].
    pub uid: u32,
    /// [`Specifier::Gid`].
    pub gid: u32,
    /// [`Specifier::Dumpable`].
    pub dumpable: u32,
    /// [`Specifier::Signal`].
    pub signal: u32,
    /// [`Specifier::Time`]; the kernel's clock cannot be set before 1970.
    pub time: u64,
    /// [`Specifier::Hostname`], as it is.
    pub hostname: &'a [u8],
    /// [`Specifier::Comm`], as it is.
    pub comm: &'a [u8],
    /// [`Specifier::ExecutablePath`], as it is, if known.
    pub executable: Option<&'a [u8]>,
    /// [`Specifier::CoreLimit`]; `u64::MAX` is no limit.
    pub core_limit: u64,
    /// [`Specifier::Cpu`].
    pub cpu: u32,
}

/// Writes text so that it is one component of a path (`cn_esc_printf`).
fn escape(text: &[&[u8]], sink: &mut dyn FnMut(&[u8])) {
    match text {
        [b""] => return sink(b"!"),
        [b"."] => return sink(b"!"),
        [b".."] => return sink(b"!."),
        _ => {}
    }
    for part in text {
        for (index, name) in part.split(|byte| *byte == b'/').enumerate() {
            if index > 0 {
                sink(b"!");
            }
            sink(name);
        }
    }
}

/// `COREDUMP_PIDFD_NUMBER`.
const PIDFD: &[u8] = b"3";
