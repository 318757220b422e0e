// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes the binary indexes that [`super::Index`] reads, byte for byte as
//! kmod 34 and later do (kmod's `tools/depmod.c:index_write`): each node
//! before its children, those in the order of their bytes.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// The entries of an index that is to be written.
#[derive(Debug, Default)]
pub struct Writer<'a> {
    /// All keys, one after the other.
    keys: Vec<u8>,
    entries: Vec<Entry<'a>>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: Range<usize>,
    value: &'a [u8],
    priority: u32,
}

/// Why an entry or an index is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The key has a byte that is no 7-bit character, or key or value has a NUL.
    Character,
    /// The index would be larger than its references reach: 256 MiB.
    Size,
}

/// An entry's text may hold everything but its end.
const END: u8 = 0;
/// How far the references reach.
const REACH: u32 = 0x0fff_ffff;

const PREFIX: u32 = 0x8000_0000;
const VALUES: u32 = 0x4000_0000;
const CHILDREN: u32 = 0x2000_0000;

impl<'a> Writer<'a> {
    /// Adds a value of `key`; one key may have many, the lowest priority
    /// first, and of equal ones the last.
    pub fn add(&mut self, key: &[u8], value: &'a [u8], priority: u32) -> Result<(), Refused> {
        if !key.is_ascii() || key.contains(&END) || value.contains(&END) {
            return Err(Refused::Character);
        }
        let begin = self.keys.len();
        self.keys.extend_from_slice(key);
        self.entries.push(Entry {
            key: begin..self.keys.len(),
            value,
            priority,
        });
        Ok(())
    }

    /// The entries that say again what an earlier one said, in the order in
    /// which they were added: key and value.
    pub fn duplicates(&self) -> Vec<(&[u8], &'a [u8])> {
        let mut seen: Vec<usize> = (0..self.entries.len()).collect();
        let said = |at: usize| {
            let entry = self.entries.get(at)?;
            Some((self.key(entry), entry.value))
        };
        seen.sort_by_key(|at| said(*at));
        let again = seen.windows(2).filter_map(|pair| match *pair {
            [first, second] => (said(first) == said(second)).then_some(second),
            _ => None,
        });
        let mut again: Vec<usize> = again.collect();
        again.sort_unstable();
        again.into_iter().filter_map(said).collect()
    }

    /// The file's bytes.
    pub fn finish(self) -> Result<Vec<u8>, Refused> {
        // Of equal ones the last comes first, which sorts that are stable
        // make of the reverse.
        let keys = self.entries.iter().enumerate().rev();
        let keys = keys.map(|(entry, Entry { key, .. })| Key {
            rest: self.keys.get(key.clone()).unwrap_or_default(),
            entry,
        });
        let mut keys: Vec<Key<'_>> = keys.collect();

        let mut file = Vec::from([0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 0]);
        let root = file.len() - 4;
        // Nodes yet to be written, the next one last: no recursion, since
        // strangers' keys decide how deep it is.
        let mut nodes = Vec::from([Node {
            keys: &mut keys,
            reference: root,
        }]);
        while let Some(node) = nodes.pop() {
            let is_root = node.reference == root;
            self.write(node, is_root, &mut file, &mut nodes)?;
        }
        Ok(file)
    }

    /// Writes one node, and leaves its children in `nodes`.
    fn write<'e, 'k>(
        &self,
        node: Node<'e, 'k>,
        is_root: bool,
        file: &mut Vec<u8>,
        nodes: &mut Vec<Node<'e, 'k>>,
    ) -> Result<(), Refused> {
        let offset = u32::try_from(file.len()).ok();
        let offset = offset.filter(|offset| *offset <= REACH);
        let mut reference = offset.ok_or(Refused::Size)?;

        // The root never has a prefix.
        let prefix = if is_root { &[] } else { common(node.keys) };
        if !prefix.is_empty() {
            reference |= PREFIX;
            file.extend_from_slice(prefix);
            file.push(END);
        }
        for key in &mut *node.keys {
            key.rest = key.rest.get(prefix.len()..).unwrap_or_default();
        }

        // What ends here comes first. Sorted is only what each node needs to
        // know, byte by byte: most keys have long beginnings in common.
        node.keys
            .sort_by_key(|key| key.rest.first().map_or(END, |byte| *byte));
        let ends = node.keys.partition_point(|key| key.rest.is_empty());
        let (values, rest) = node.keys.split_at_mut(ends);
        let next = |key: &Key<'_>| key.rest.first().copied();
        if let (Some(first), Some(last)) = (rest.first().and_then(next), rest.last().and_then(next))
        {
            reference |= CHILDREN;
            file.extend([first, last]);
            let slots = file.len();
            file.resize(slots + 4 * (usize::from(last - first) + 1), 0);

            let at = nodes.len();
            let children = rest.chunk_by_mut(|a, b| next(a) == next(b));
            nodes.extend(children.filter_map(|keys| {
                let byte = keys.first().and_then(next)?;
                for key in &mut *keys {
                    key.rest = key.rest.get(1..).unwrap_or_default();
                }
                Some(Node {
                    keys,
                    reference: slots + 4 * usize::from(byte - first),
                })
            }));
            nodes.get_mut(at..).unwrap_or_default().reverse();
        }

        if !values.is_empty() {
            reference |= VALUES;
            let count = u32::try_from(values.len()).map_err(|_| Refused::Size)?;
            file.extend(count.to_be_bytes());
            let entry = |key: &Key<'_>| self.entries.get(key.entry);
            values.sort_by_key(|key| entry(key).map(|entry| entry.priority));
            for entry in values.iter().filter_map(entry) {
                file.extend(entry.priority.to_be_bytes());
                file.extend_from_slice(entry.value);
                file.push(END);
            }
        }
        let slot = file.get_mut(node.reference..node.reference + 4);
        slot.ok_or(Refused::Size)?
            .copy_from_slice(&reference.to_be_bytes());
        Ok(())
    }

    fn key(&self, entry: &Entry<'_>) -> &[u8] {
        self.keys.get(entry.key.clone()).unwrap_or_default()
    }
}

/// The key of an entry, as far as the way to a node does not tell it.
struct Key<'k> {
    rest: &'k [u8],
    /// The entry's place.
    entry: usize,
}

/// A node yet to be written.
struct Node<'e, 'k> {
    /// What is at and below it.
    keys: &'e mut [Key<'k>],
    /// Where the reference to it stands.
    reference: usize,
}

/// What all keys of a node begin with.
fn common<'k>(keys: &[Key<'k>]) -> &'k [u8] {
    let mut keys = keys.iter().map(|key| key.rest);
    let first = keys.next().unwrap_or_default();
    keys.fold(first, |common, key| {
        let equal = common.iter().zip(key).take_while(|(a, b)| a == b).count();
        common.get(..equal).unwrap_or_default()
    })
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "only 7-bit ASCII is supported",
            Self::Size => "an index can have 256 MiB at most",
        })
    }
}

impl core::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::index::Index;

    fn written(entries: &[(&str, &'static str, u32)]) -> Vec<u8> {
        let mut writer = Writer::default();
        for (key, value, priority) in entries {
            writer
                .add(key.as_bytes(), value.as_bytes(), *priority)
                .unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn an_empty_index_refers_past_its_end() {
        let header = [0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 12];
        assert_eq!(written(&[]), header);
    }

    #[test]
    fn each_node_stands_before_its_children() {
        let expected = [
            &[0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0x20, 0, 0, 12][..],
            // The root: children from a to c, none for b.
            b"ac\xe0\0\0\x1a\0\0\0\0\xc0\0\0\x36",
            // "a" and then "b": its own value, and one child, d.
            b"b\0dd\x40\0\0\x2c\0\0\0\x01\0\0\0\x02V\0",
            // "abd", twice: the lower priority first.
            b"\0\0\0\x01\0\0\0\x03W\0",
            // "c" and then "xy".
            b"xy\0\0\0\0\x02\0\0\0\x04X\0\0\0\0\x05Y\0",
        ];
        let file = written(&[
            ("cxy", "Y", 5),
            ("abd", "W", 3),
            ("ab", "V", 2),
            ("cxy", "X", 4),
        ]);
        assert_eq!(file, expected.concat());
    }

    #[test]
    fn of_equal_priorities_the_last_comes_first() {
        let file = written(&[("k", "one", 0), ("k", "two", 0), ("k", "two", 0)]);
        let mut values = Vec::new();
        let index = Index::new(&file).unwrap();
        let mut found = |_, value| {
            values.push(value);
            Ok(())
        };
        index.find(b"k", &mut found).unwrap();
        assert_eq!(values, [b"two", b"two", b"one"]);
    }

    #[test]
    fn what_was_said_before_is_a_duplicate() {
        let mut writer = Writer::default();
        for (key, value) in [("b", "1"), ("a", "1"), ("b", "2"), ("b", "1"), ("a", "1")] {
            writer.add(key.as_bytes(), value.as_bytes(), 0).unwrap();
        }
        let expected: [(&[u8], &[u8]); 2] = [(b"b", b"1"), (b"a", b"1")];
        assert_eq!(writer.duplicates(), expected);
    }

    #[test]
    fn characters_that_an_index_cannot_hold_are_refused() {
        let mut writer = Writer::default();
        assert_eq!(writer.add(b"gr\xc3\xbcn", b"x", 0), Err(Refused::Character));
        assert_eq!(writer.add(b"a\0b", b"x", 0), Err(Refused::Character));
        assert_eq!(writer.add(b"a", b"x\0y", 0), Err(Refused::Character));
        assert_eq!(writer.add(b"a", b"\xc3\xbc", 0), Ok(()));
    }

    #[test]
    fn keys_that_begin_each_other_need_no_stack() {
        let mut writer = Writer::default();
        let key = std::vec![b'a'; 1000];
        for length in 0..key.len() {
            writer.add(&key[..length], b"x", 0).unwrap();
        }
        let file = writer.finish().unwrap();
        let mut count = 0;
        let mut found = |_, _: &[u8]| {
            count += 1;
            Ok(())
        };
        Index::new(&file)
            .unwrap()
            .find(&key[..999], &mut found)
            .unwrap();
        assert_eq!(count, 1);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            entries in prop::collection::vec(("[ab*?-]{0,6}", "[a-c]{0,2}", 0u32..4), 0..60),
        ) {
            let mut writer = Writer::default();
            let mut expected: BTreeMap<&str, Vec<(u32, &[u8])>> = BTreeMap::new();
            for (key, value, priority) in &entries {
                writer.add(key.as_bytes(), value.as_bytes(), *priority).unwrap();
                let values = expected.entry(key).or_default();
                let at = values.partition_point(|(other, _)| other < priority);
                values.insert(at, (*priority, value.as_bytes()));
            }
            let file = writer.finish().unwrap();
            let index = Index::new(&file).unwrap();
            for (key, values) in expected {
                let mut read = Vec::new();
                let mut found = |priority, value| {
                    read.push((priority, value));
                    Ok(())
                };
                index.find(key.as_bytes(), &mut found).unwrap();
                prop_assert_eq!(read, values, "{}", key);
            }
        }
    }
}
