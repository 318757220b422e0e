// SPDX-License-Identifier: MIT OR Apache-2.0

//! Argument lists and environments as the kernel lays them out: one block of
//! NUL-terminated words (`fs/exec.c:copy_strings`, the form of
//! `/proc/PID/cmdline` and `/proc/PID/environ`, proc_pid_cmdline(5)).

use crate::Fingerprint;

/// A block of NUL-terminated words.
///
/// # Invariants
///
/// The block is empty or its last byte is NUL, so every word ends inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words<'a> {
    block: &'a [u8],
}

impl<'a> Words<'a> {
    /// No word at all: what the kernel passes for a NULL `envp`.
    pub const EMPTY: Words<'static> = Words { block: &[] };

    /// Takes `block` as it is; `None` if its last word is not terminated.
    pub const fn new(block: &'a [u8]) -> Option<Self> {
        match block.last() {
            None | Some(0) => Some(Self { block }),
            Some(_) => None,
        }
    }

    /// The words joined by their NULs, as they lie in memory.
    pub const fn block(&self) -> &'a [u8] {
        self.block
    }

    /// Whether there is no word.
    pub const fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// How many words there are. Linear in the size of the block.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The word at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.iter().nth(index)
    }

    /// The words in order, without their NULs.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let words = self
            .block
            .strip_suffix(b"\0")
            .map(|words| words.split(|byte| *byte == 0));
        words.into_iter().flatten()
    }

    /// The words as an array, if there are exactly `N`.
    pub fn exactly<const N: usize>(&self) -> Option<[&'a [u8]; N]> {
        let mut found: [&'a [u8]; N] = [&[]; N];
        let mut words = self.iter();
        for slot in &mut found {
            *slot = words.next()?;
        }
        words.next().is_none().then_some(found)
    }

    /// The value of the environment variable `key`: what follows `key=` in
    /// the first word that begins so, as getenv(3) finds it.
    pub fn var(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.iter()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix(b"="))
    }
}

impl core::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|word| word.escape_ascii()))
            .finish()
    }
}

/// What a helper finds at its first instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// The argument list. Word 0 is the program that the kernel's caller
    /// asked for, also when `CONFIG_STATIC_USERMODEHELPER` started another.
    pub argv: Words<'a>,
    /// The environment, exactly as the caller set it.
    pub envp: Words<'a>,
    /// The marks of the caller on the process.
    pub fingerprint: Fingerprint,
}

/// White space to the kernel (`lib/ctype.c`), which has Latin-1's no-break
/// space among it: neither `core_pattern` nor `poweroff_cmd` has it in a word.
pub(crate) const fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0)
}

/// Makes an enum of words that are constants in the kernel.
macro_rules! constant_words {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as the kernel writes it.
            pub const fn as_bytes(self) -> &'static [u8] {
                match self {
                    $(Self::$variant => $word.as_bytes(),)+
                }
            }

            /// The value that the kernel writes so.
            pub fn named(word: &[u8]) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_bytes() == word)
            }
        }
    };
}

pub(crate) use constant_words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unterminated_block_is_refused() {
        assert!(Words::new(b"a\0b").is_none());
    }

    #[test]
    fn empty_words_count() {
        let words = Words::new(b"\0\0x\0").unwrap();
        assert_eq!(words.len(), 3);
        assert_eq!(words.exactly::<3>(), Some([&b""[..], b"", b"x"]));
        assert_eq!(words.exactly::<2>(), None);
        assert_eq!(words.exactly::<4>(), None);
    }

    #[test]
    fn the_empty_block_has_no_word() {
        assert_eq!(Words::EMPTY.len(), 0);
        assert_eq!(Words::EMPTY.get(0), None);
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let words = Words::new(b"PATHS=x\0PATH=/bin\0PATH=/sbin\0").unwrap();
        assert_eq!(words.var(b"PATH"), Some(&b"/bin"[..]));
        assert_eq!(words.var(b"PAT"), None);
    }
}
