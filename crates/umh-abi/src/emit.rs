// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writing a call's words, without an allocator.

use core::ffi::CStr;

use crate::Words;

/// Receives the words of a call, in order.
pub trait Sink {
    /// Appends one argument, given in pieces.
    fn arg(&mut self, pieces: &[&[u8]]);
    /// Appends one environment variable, given in pieces.
    fn env(&mut self, pieces: &[&[u8]]);
    /// Appends an argument that never changes: a sink of pointers may keep
    /// the word where it is.
    fn constant_arg(&mut self, word: &'static CStr) {
        self.arg(&[word.to_bytes()]);
    }
    /// The same of an environment variable.
    fn constant_env(&mut self, word: &'static CStr) {
        self.env(&[word.to_bytes()]);
    }
}

/// A [`Sink`] of at most `N` bytes of arguments and `N` of environment.
pub struct Block<const N: usize> {
    argv: Half<N>,
    envp: Half<N>,
}

struct Half<const N: usize> {
    bytes: [u8; N],
    used: usize,
    overflowed: bool,
}

impl<const N: usize> Block<N> {
    /// An empty block.
    pub const fn new() -> Self {
        Self {
            argv: Half::new(),
            envp: Half::new(),
        }
    }

    /// The arguments so far; `None` if they did not fit or a word held a NUL.
    pub fn argv(&self) -> Option<Words<'_>> {
        self.argv.words()
    }

    /// The environment so far; `None` as for [`Block::argv`].
    pub fn envp(&self) -> Option<Words<'_>> {
        self.envp.words()
    }
}

impl<const N: usize> Default for Block<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Sink for Block<N> {
    fn arg(&mut self, pieces: &[&[u8]]) {
        self.argv.push(pieces);
    }

    fn env(&mut self, pieces: &[&[u8]]) {
        self.envp.push(pieces);
    }
}

impl<const N: usize> Half<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            used: 0,
            overflowed: false,
        }
    }

    fn push(&mut self, pieces: &[&[u8]]) {
        for piece in pieces.iter().chain(&[&b"\0"[..]]) {
            let end = self.used.saturating_add(piece.len());
            let broken = piece.contains(&0) && *piece != b"\0";
            match self.bytes.get_mut(self.used..end) {
                Some(room) if !broken => room.copy_from_slice(piece),
                _ => return self.overflowed = true,
            }
            self.used = end;
        }
    }

    fn words(&self) -> Option<Words<'_>> {
        let used = self.bytes.get(..self.used)?;
        if self.overflowed {
            None
        } else {
            Words::new(used)
        }
    }
}

/// A number in decimal, as the kernel's `%d` and `%u` write it.
pub(crate) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(crate) fn new(number: i64) -> Self {
        let mut decimal = Self::unsigned(number.unsigned_abs());
        if number < 0 {
            // i64::MIN has 19 digits: one place is left for the sign.
            decimal.start -= 1;
            if let Some(sign) = decimal.digits.get_mut(decimal.start) {
                *sign = b'-';
            }
        }
        decimal
    }

    pub(crate) fn unsigned(number: u64) -> Self {
        let mut decimal = Self {
            digits: [b'0'; 20],
            start: 20,
        };
        let mut rest = number;
        loop {
            decimal.start -= 1;
            if let Some(digit) = decimal.digits.get_mut(decimal.start) {
                // A remainder of ten is below ten.
                *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            }
            rest /= 10;
            if rest == 0 {
                return decimal;
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or(&[])
    }
}

/// A number in hexadecimal, as the kernel's `%x` writes it.
pub(crate) struct Hex {
    digits: [u8; 8],
    start: usize,
}

impl Hex {
    pub(crate) fn new(number: u32) -> Self {
        let mut hex = Self {
            digits: [b'0'; 8],
            start: 8,
        };
        let mut rest = number;
        loop {
            hex.start -= 1;
            if let Some(digit) = hex.digits.get_mut(hex.start) {
                // A remainder of sixteen is a digit.
                *digit = char::from_digit(rest % 16, 16).map_or(b'0', |digit| digit as u8);
            }
            rest /= 16;
            if rest == 0 {
                return hex;
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or(&[])
    }
}

/// Reads what [`Hex`] writes: small letters, no leading zeros.
pub(crate) fn hex(text: &[u8]) -> Option<u32> {
    let small = text
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let leading_zero = matches!(text, [b'0', _, ..]);
    if !small || leading_zero {
        return None;
    }
    u32::from_str_radix(core::str::from_utf8(text).ok()?, 16).ok()
}

/// Reads a number as the kernel's `%d` writes it: an optional `-`, then what
/// [`unsigned`] reads, but no `-0`.
pub fn decimal(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => {
            let size = unsigned(digits).filter(|size| *size != 0)?;
            0i64.checked_sub_unsigned(size)
        }
        None => i64::try_from(unsigned(text)?).ok(),
    }
}

/// Reads a number as the kernel's `%u` writes it: digits without leading
/// zeros and nothing else, so that every number has one spelling.
pub fn unsigned(text: &[u8]) -> Option<u64> {
    if text.is_empty() || matches!(text, [b'0', _, ..]) {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_spelling() {
        assert_eq!(
            Decimal::unsigned(u64::MAX).as_bytes(),
            b"18446744073709551615"
        );
        for number in [0, 7, 10, -1, i64::MAX, i64::MIN] {
            assert_eq!(decimal(Decimal::new(number).as_bytes()), Some(number));
        }
        for text in [
            &b""[..],
            b"-",
            b"-0",
            b"00",
            b"01",
            b"+1",
            b"1 ",
            b"9223372036854775808",
        ] {
            assert_eq!(decimal(text), None, "{}", text.escape_ascii());
        }
        assert_eq!(decimal(b"-9223372036854775809"), None);
        assert_eq!(unsigned(b"18446744073709551615"), Some(u64::MAX));
        for text in [&b""[..], b"-1", b"00", b"1a", b"18446744073709551616"] {
            assert_eq!(unsigned(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn every_hexadecimal_number_has_one_spelling() {
        for number in [0, 9, 15, 16, 0xdead_beef, u32::MAX] {
            assert_eq!(hex(Hex::new(number).as_bytes()), Some(number));
        }
        for text in [&b""[..], b"A", b"0a", b"+1", b"-1", b"0x1", b"100000000"] {
            assert_eq!(hex(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_full_block_gives_no_words() {
        let mut block = Block::<4>::new();
        block.arg(&[b"ab", b"c"]);
        assert_eq!(block.argv().map(|argv| argv.block()), Some(&b"abc\0"[..]));
        block.arg(&[b""]);
        assert_eq!(block.argv(), None);
    }

    #[test]
    fn a_nul_inside_a_word_gives_no_words() {
        let mut block = Block::<16>::new();
        block.env(&[b"A=", b"x\0y"]);
        assert_eq!(block.envp(), None);
    }
}
