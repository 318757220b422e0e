// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes that strangers chose, as printable ASCII on one line.
//!
//! Rust's own escapes (`\x1b`, `\n`, `\"`, `\\`), so that what is logged can be
//! read back. What does not fit is counted, never silently lost.

/// Appends `bytes` to `out` as at most `most` printed characters, whole
/// escapes only. Gives how many of the bytes were left out.
pub(super) fn escape(
    bytes: impl Iterator<Item = u8>,
    most: usize,
    out: &mut impl FnMut(u8),
) -> usize {
    let mut room = most;
    let mut left_out = 0;
    for byte in bytes {
        // Nearly every byte stands for itself.
        if matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\') {
            if left_out > 0 || room == 0 {
                left_out += 1;
            } else {
                room -= 1;
                out(byte);
            }
            continue;
        }
        let escaped = core::ascii::escape_default(byte);
        if left_out > 0 || escaped.len() > room {
            left_out += 1;
            continue;
        }
        room -= escaped.len();
        escaped.for_each(&mut *out);
    }
    left_out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(bytes: &[u8], most: usize) -> (String, usize) {
        let mut out = Vec::new();
        let left_out = escape(bytes.iter().copied(), most, &mut |byte| out.push(byte));
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn quotes_newlines_and_control_bytes_are_escaped() {
        assert_eq!(
            escaped(b"a \"b\"\n\x1b[m\xff\\", 99),
            (r#"a \"b\"\n\x1b[m\xff\\"#.into(), 0)
        );
    }

    #[test]
    fn an_escape_is_never_cut_in_half() {
        assert_eq!(escaped(b"ab\xffcd", 5), ("ab".into(), 3));
        assert_eq!(escaped(b"ab\xffcd", 6), (r"ab\xff".into(), 2));
    }

    proptest! {
        #[test]
        fn the_result_is_printable_bounded_and_loses_nothing_uncounted(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            most in 0usize..200,
        ) {
            let (text, left_out) = escaped(&bytes, most);
            prop_assert!(text.len() <= most);
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            let kept = bytes.len() - left_out;
            prop_assert_eq!(text, bytes[..kept].escape_ascii().to_string());
        }
    }
}
