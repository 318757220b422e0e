// SPDX-License-Identifier: MIT OR Apache-2.0

//! One word of an argument list, described. The holes and what they take are
//! listed in [`super`].

use umh_abi::bridge_stp::is_interface;
use umh_abi::{Caller, decimal, modprobe, unsigned};

use crate::policy::path;

/// One pattern for one word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern<'p> {
    Fixed(&'p str),
    Hole {
        before: &'p str,
        kind: Kind<'p>,
        optional: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'p> {
    Module,
    Number { lowest: i64, highest: u64 },
    Fd,
    Bytes { longest: usize },
    Ifname,
    Cgroup,
    Hex,
    Word,
    Choice(&'p str),
}

/// What decides whether a word may begin with `-`.
pub(super) struct Dash {
    /// Whose rule it is.
    pub(super) caller: Caller,
    /// Whether a fixed `--` stands before the word.
    pub(super) options_ended: bool,
}

impl<'p> Pattern<'p> {
    pub(super) fn read(text: &'p str) -> Option<Self> {
        let Some((before, hole)) = text.split_once('{') else {
            return (!text.contains('}')).then_some(Self::Fixed(text));
        };
        let name = hole.strip_suffix('}')?;
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let kind = Kind::named(name)?;
        (!before.contains('}')).then_some(Self::Hole {
            before,
            kind,
            optional,
        })
    }

    pub(super) const fn is_optional(&self) -> bool {
        matches!(self, Self::Hole { optional: true, .. })
    }

    pub(super) fn is_end_of_options(&self) -> bool {
        *self == Self::Fixed("--")
    }

    pub(super) fn takes(&self, word: &[u8], dash: &Dash) -> bool {
        match self {
            Self::Fixed(text) => word == text.as_bytes(),
            Self::Hole { before, kind, .. } => match word.strip_prefix(before.as_bytes()) {
                Some(rest) if before.is_empty() && rest.first() == Some(&b'-') => {
                    kind.may_begin_with_dash(dash) && kind.takes(rest)
                }
                Some(rest) => kind.takes(rest),
                None => false,
            },
        }
    }

    pub(super) fn within(&self, wide: &Pattern<'_>, dash: &Dash) -> bool {
        match (self, wide) {
            // What follows could begin with `-` in the narrow list alone.
            (Self::Fixed("--"), Pattern::Hole { .. }) if !dash.options_ended => false,
            (Self::Fixed(word), wide) => wide.takes(word.as_bytes(), dash),
            (
                Self::Hole {
                    before,
                    kind,
                    optional,
                },
                Pattern::Hole {
                    before: outer,
                    kind: wide,
                    optional: may,
                },
            ) => before == outer && kind.within(wide) && (*may || !*optional),
            (Self::Hole { .. }, Pattern::Fixed(_)) => false,
        }
    }
}

impl<'p> Kind<'p> {
    fn named(name: &'p str) -> Option<Self> {
        Some(match name {
            "module" => Self::Module,
            "u32" => Self::number(U32_MAX),
            "u64" => Self::number(u64::MAX),
            "pid" => Self::Number {
                lowest: 1,
                highest: 1 << 22,
            },
            "id" => Self::Number {
                lowest: -(1 << 31),
                highest: U32_MAX,
            },
            "serial" => Self::number((1 << 31) - 1),
            "signal" => Self::Number {
                lowest: 1,
                highest: 64,
            },
            "dumpable" => Self::number(2),
            "fd" => Self::Fd,
            "comm" => Self::Bytes { longest: 15 },
            "hostname" => Self::Bytes { longest: 64 },
            "path-escaped" => Self::Bytes { longest: 4095 },
            "name" => Self::Bytes { longest: 255 },
            "ifname" => Self::Ifname,
            "cgroup" => Self::Cgroup,
            "hex" => Self::Hex,
            "word" => Self::Word,
            choice if choice.contains('|') && choice.split('|').all(is_plain) => {
                Self::Choice(choice)
            }
            _ => return None,
        })
    }

    const fn number(highest: u64) -> Self {
        Self::Number { lowest: 0, highest }
    }

    fn takes(&self, word: &[u8]) -> bool {
        match *self {
            Self::Module => {
                // A `/` makes a path for kmod; for busybox, whose name is
                // what follows the last one, a way past the filter.
                let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'/';
                word.len() <= modprobe::NAME_MAX
                    && word.first() != Some(&b'.')
                    && word.iter().all(plain)
            }
            Self::Number { lowest, highest } => match unsigned(word) {
                Some(number) => number <= highest && i128::from(number) >= i128::from(lowest),
                None => decimal(word).is_some_and(|number| number >= lowest),
            },
            Self::Fd => matches!(word, b"" | b"3"),
            Self::Bytes { longest } => (1..=longest).contains(&word.len()) && !word.contains(&b'/'),
            Self::Ifname => is_interface(word),
            Self::Cgroup => word == b"/" || path::is_plain(word),
            Self::Hex => (1..=4096).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit),
            Self::Word => (1..=255).contains(&word.len()) && word.iter().all(u8::is_ascii_graphic),
            Self::Choice(words) => words.split('|').any(|choice| choice.as_bytes() == word),
        }
    }

    fn may_begin_with_dash(&self, dash: &Dash) -> bool {
        let number = matches!(self, Self::Number { lowest: ..0, .. });
        let name = matches!(self, Self::Bytes { .. }) && dash.caller == Caller::Coredump;
        dash.options_ended || number || name
    }

    fn within(&self, wide: &Kind<'_>) -> bool {
        match (*self, *wide) {
            (
                Self::Number { lowest, highest },
                Kind::Number {
                    lowest: least,
                    highest: most,
                },
            ) => lowest >= least && highest <= most,
            (Self::Bytes { longest }, Kind::Bytes { longest: most }) => longest <= most,
            (Self::Choice(words), wide) => words.split('|').all(|word| wide.takes(word.as_bytes())),
            (narrow, wide) => narrow == wide,
        }
    }
}

/// Whether `word` may be one of a choice: `start`, `fence-peer`.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// 4294967295, where there is no `From` in a constant.
const U32_MAX: u64 = (1 << 32) - 1;
