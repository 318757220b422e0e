// SPDX-License-Identifier: MIT OR Apache-2.0

//! An event's words: at most 64, in a buffer of 2048 bytes.
//!
//! `struct kobj_uevent_env`, `add_uevent_var`, `zap_modalias_env`.

use umh_abi::Words;
use umh_abi::uevent::{BYTES_MAX, KEYS_MAX};

use crate::errno::Errno;

/// The words of an event, in order.
#[derive(Clone, Debug)]
pub struct Environment {
    bytes: [u8; BYTES_MAX],
    used: usize,
    count: usize,
}

impl Environment {
    /// No word.
    pub const fn new() -> Self {
        Self {
            bytes: [0; BYTES_MAX],
            used: 0,
            count: 0,
        }
    }

    /// Appends a word, given in pieces. `ENOMEM` if it does not fit, and the
    /// event is lost: Linux warns. A NUL inside is `EINVAL`; no text of the
    /// kernel has one.
    #[doc(alias = "add_uevent_var")]
    pub fn add(&mut self, pieces: &[&[u8]]) -> Result<(), Errno> {
        if self.count >= KEYS_MAX {
            return Err(Errno::ENOMEM);
        }
        let mut end = self.used;
        for piece in pieces {
            if piece.contains(&0) {
                return Err(Errno::EINVAL);
            }
            let start = end;
            end = start.saturating_add(piece.len());
            let room = self.bytes.get_mut(start..end).ok_or(Errno::ENOMEM)?;
            room.copy_from_slice(piece);
        }
        *self.bytes.get_mut(end).ok_or(Errno::ENOMEM)? = 0;
        self.used = end + 1;
        self.count += 1;
        Ok(())
    }

    /// Appends a word that ends in a number.
    pub fn add_number(&mut self, key: &[u8], number: u64) -> Result<(), Errno> {
        // Two thirds of a digit a bit: 20 digits hold every u64.
        let mut digits = [b'0'; 20];
        let mut rest = number;
        let mut start = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            start = at;
            if rest == 0 {
                break;
            }
        }
        self.add(&[key, digits.get(start..).unwrap_or_default()])
    }

    /// Takes out every `MODALIAS`.
    #[doc(alias = "zap_modalias_env")]
    pub fn zap_modalias(&mut self) {
        const KEY: &[u8] = b"MODALIAS=";
        let mut kept = Self::new();
        for word in self.words().iter().filter(|word| !word.starts_with(KEY)) {
            // Fits: it did before.
            let _ = kept.add(&[word]);
        }
        *self = kept;
    }

    /// The words as they lie in memory.
    pub fn words(&self) -> Words<'_> {
        let used = self.bytes.get(..self.used).unwrap_or_default();
        Words::new(used).unwrap_or(Words::EMPTY)
    }

    /// How many bytes are left.
    pub const fn room(&self) -> usize {
        BYTES_MAX - self.used
    }
}

impl super::Variables for Environment {
    fn add(&mut self, pieces: &[&[u8]]) -> Result<(), Errno> {
        self.add(pieces)
    }

    fn room(&self) -> usize {
        self.room()
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stay_in_order() {
        let mut environment = Environment::new();
        environment.add(&[b"ACTION=", b"add"]).unwrap();
        environment.add_number(b"SEQNUM=", u64::MAX).unwrap();
        environment.add_number(b"ZERO=", 0).unwrap();
        assert_eq!(
            environment.words().block(),
            b"ACTION=add\0SEQNUM=18446744073709551615\0ZERO=0\0"
        );
    }

    #[test]
    fn the_sixty_fifth_word_does_not_fit() {
        let mut environment = Environment::new();
        for _ in 0..KEYS_MAX {
            environment.add(&[b"A=1"]).unwrap();
        }
        assert_eq!(environment.add(&[b"A=1"]), Err(Errno::ENOMEM));
    }

    #[test]
    fn a_word_too_long_leaves_the_others() {
        let mut environment = Environment::new();
        environment.add(&[b"A=1"]).unwrap();
        let long = [b'x'; BYTES_MAX - 4];
        assert_eq!(environment.add(&[&long]), Err(Errno::ENOMEM));
        assert_eq!(environment.words().block(), b"A=1\0");
        environment.add(&[&long[1..]]).unwrap();
        assert_eq!(environment.room(), 0);
    }

    #[test]
    fn every_modalias_goes() {
        let mut environment = Environment::new();
        for word in [&b"MODALIAS=a"[..], b"B=1", b"MODALIAS=b", b"XMODALIAS=c"] {
            environment.add(&[word]).unwrap();
        }
        environment.zap_modalias();
        assert_eq!(environment.words().block(), b"B=1\0XMODALIAS=c\0");
        assert_eq!(environment.count, 2);
    }
}
