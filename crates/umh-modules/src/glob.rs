// SPDX-License-Identifier: MIT OR Apache-2.0

//! Patterns of module aliases: fnmatch(3) with no flags, so that `*` and `?`
//! match every byte.

/// Whether `name` is what `pattern` describes. Takes at most the product of
/// the two lengths, whatever the pattern.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on after a mismatch: past the last star, one byte further.
    let mut again: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(at..).unwrap_or(&[]);
        let step = match (rest.first(), name.get(from)) {
            (Some(b'*'), _) => {
                again = Some((at + 1, from));
                at += 1;
                continue;
            }
            (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => None,
            (Some(_), Some(byte)) => one(rest, *byte),
        };
        match (step, again) {
            (Some(length), _) => (at, from) = (at + length, from + 1),
            (None, Some((star, begin))) if begin < name.len() => {
                again = Some((star, begin + 1));
                (at, from) = (star, begin + 1);
            }
            (None, _) => return false,
        }
    }
}

/// How many bytes of the pattern match this one byte; `None` if none do.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', set @ ..] => match set_of(set, byte) {
            Some((length, inside)) => inside.then_some(1 + length),
            // A `[` without its `]` is itself.
            None => (byte == b'[').then_some(1),
        },
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// The length of a set with its `]`, and whether `byte` is in it; `None` if
/// it has no `]`.
fn set_of(set: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    let begin = usize::from(negated);
    let (mut at, mut inside) = (begin, false);
    loop {
        let low = *set.get(at)?;
        // A `]` that comes first is a member.
        if low == b']' && at > begin {
            return Some((at + 1, inside != negated));
        }
        let low = if low == b'\\' {
            at += 1;
            *set.get(at)?
        } else {
            low
        };
        at += 1;
        let mut high = low;
        if let (Some(b'-'), Some(next)) = (set.get(at), set.get(at + 1))
            && *next != b']'
        {
            high = *next;
            at += 2;
        }
        inside |= (low..=high).contains(&byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_fnmatch() {
        for (pattern, name) in [
            ("", ""),
            ("*", ""),
            ("*", "a/b"),
            ("pci:v00008086d*sv*", "pci:v00008086d00001234sv00001AF4"),
            ("a*b*c", "aXbYbZc"),
            ("a?c", "a/c"),
            ("[ab]x", "bx"),
            ("[a-cx]", "b"),
            ("[!a-c]", "d"),
            ("[^a]", "b"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("a\\*", "a*"),
            ("[", "["),
            ("**a", "a"),
        ] {
            assert!(
                matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
        for (pattern, name) in [
            ("", "a"),
            ("a", ""),
            ("a*b", "aXbY"),
            ("?", ""),
            ("[a-c]", "d"),
            ("[!a]", "a"),
            ("a\\*", "ab"),
            ("[ab", "a"),
        ] {
            assert!(
                !matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_more_than_the_product_of_the_lengths() {
        let (pattern, name) = ("*a".repeat(500), "a".repeat(2000) + "b");
        assert!(!matches(pattern.as_bytes(), name.as_bytes()));
    }
}
