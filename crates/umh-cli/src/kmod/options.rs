// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's parameters, from words to the one string that the kernel takes
//! apart again (`kernel/params.c:parse_args`).

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

/// The words as one string; a value with a blank is quoted, so that it stays
/// one.
pub fn join(words: &[OsString]) -> Vec<u8> {
    let words: Vec<Vec<u8>> = words.iter().map(|word| quoted(word.as_bytes())).collect();
    words.join(&b' ')
}

/// `NAME=VALUE`, with quotes if the value has a blank and none yet.
fn quoted(word: &[u8]) -> Vec<u8> {
    let equals = word.iter().position(|byte| *byte == b'=');
    let value = equals.and_then(|at| word.get(at + 1..)).unwrap_or_default();
    let is_open = !matches!(value.first(), Some(b'"' | b'\''));
    let name = word.strip_suffix(value).unwrap_or_default();
    if is_open && value.contains(&b' ') {
        [name, b"\"", value, b"\""].concat()
    } else {
        word.to_vec()
    }
}

/// The words of the environment's `MODPROBE_OPTIONS`: blanks part them,
/// quotes of either kind hold them together.
pub fn split(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    for byte in text {
        match (quote, byte) {
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (None, b' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(*byte),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_blank_stays_one() {
        let words = ["a=1", "b=x y", "c=\"x y\"", "d"].map(OsString::from);
        assert_eq!(join(&words), b"a=1 b=\"x y\" c=\"x y\" d");
        assert_eq!(join(&[]), b"");
    }

    #[test]
    fn the_environment_is_split_at_blanks_outside_of_quotes() {
        let words = split(b"-C '/etc/my modprobe.d'  -q \"\" a\"b c\"d");
        assert_eq!(
            words,
            [
                b"-C".as_slice(),
                b"/etc/my modprobe.d",
                b"-q",
                b"",
                b"ab cd"
            ]
        );
        assert!(split(b"  ").is_empty());
    }
}
