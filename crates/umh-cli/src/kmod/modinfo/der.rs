// SPDX-License-Identifier: MIT OR Apache-2.0

//! DER (X.690), as far as a module's signature needs it: step through a
//! sequence, element by element. Every length is checked.

/// What is left of a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

/// The first byte of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub(super) u8);

impl Tag {
    /// A number.
    pub(super) const INTEGER: Self = Self(0x02);
    /// Bytes.
    pub(super) const OCTET_STRING: Self = Self(0x04);
    /// The name of an algorithm, a content type or an attribute.
    pub(super) const OBJECT_IDENTIFIER: Self = Self(0x06);
    /// Elements in order.
    pub(super) const SEQUENCE: Self = Self(0x30);
    /// Elements without order.
    pub(super) const SET: Self = Self(0x31);
    /// The first optional part of its sequence, with elements inside.
    pub(super) const CONTEXT_0: Self = Self(0xa0);
    /// The second one.
    pub(super) const CONTEXT_1: Self = Self(0xa1);
    /// The first choice, bytes: `SubjectKeyIdentifier` of RFC 5652.
    pub(super) const KEY_IDENTIFIER: Self = Self(0x80);
}

impl<'a> Der<'a> {
    /// The next element and its content.
    pub(super) fn any(&mut self) -> Option<(Tag, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Up to four bytes of length; an open end is no DER.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
                (usize::try_from(length).ok()?, rest)
            }
            _ => return None,
        };
        let content;
        (content, self.0) = rest.split_at_checked(length)?;
        Some((Tag(tag), content))
    }

    /// The content of the next element if it has this tag; else nothing is
    /// taken.
    pub(super) fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let mut after = *self;
        let (found, content) = after.any()?;
        (found == tag).then(|| {
            *self = after;
            content
        })
    }

    /// The same for what has elements inside.
    pub(super) fn enter(&mut self, tag: Tag) -> Option<Self> {
        self.take(tag).map(Self)
    }

    /// The same for what does not matter.
    pub(super) fn skip(&mut self, tag: Tag) -> Option<()> {
        self.take(tag).map(drop)
    }
}

/// An object identifier in digits and dots.
pub(super) fn object_identifier(bytes: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in bytes {
        // One that does not fit is nobody's; its low bits still tell it apart.
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if numbers.is_empty() {
            // The first two are one.
            let first = (number / 40).min(2);
            numbers.push(first);
            number -= first * 40;
        }
        numbers.push(number);
        number = 0;
    }
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    words.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_one_after_another() {
        let mut der = Der(&[0x02, 1, 5, 0x30, 3, 0x04, 1, b'x']);
        assert_eq!(der.take(Tag::SEQUENCE), None);
        assert_eq!(der.take(Tag::INTEGER), Some(&[5][..]));
        let mut inside = der.enter(Tag::SEQUENCE).unwrap();
        assert_eq!(inside.take(Tag::OCTET_STRING), Some(&b"x"[..]));
        assert!(der.any().is_none());
    }

    #[test]
    fn lengths_are_checked() {
        let long: Vec<u8> = [&[0x04, 0x81, 200][..], &[7; 200]].concat();
        assert_eq!(
            Der(&long).take(Tag::OCTET_STRING).map(<[u8]>::len),
            Some(200)
        );
        for end in 0..long.len() {
            assert!(Der(&long[..end]).any().is_none(), "{end}");
        }
        assert!(Der(&[0x04, 0x80, 0, 0]).any().is_none());
        assert!(Der(&[0x04, 0x85, 0, 0, 0, 0, 1, 1]).any().is_none());
    }

    #[test]
    fn identifiers_are_digits_and_dots() {
        let sha256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
        assert_eq!(object_identifier(&sha256), "2.16.840.1.101.3.4.2.1");
        assert_eq!(object_identifier(&[0x2a, 0x03]), "1.2.3");
        assert_eq!(object_identifier(&[]), "");
    }
}
