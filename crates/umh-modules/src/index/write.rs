// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes the binary indexes that [`super::Index`] reads, byte for byte as
//! kmod 34 and later do (kmod's `tools/depmod.c:index_write`): each node
//! before its children, those in the order of their bytes.

use alloc::vec::Vec;
use core::cmp::Reverse;
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
        let ends = |text| memchr::memchr(END, text).is_some();
        if !key.is_ascii() || ends(key) || ends(value) {
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
        let sorted = self.sorted();
        let mut file = Vec::from([0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 0]);
        let root = file.len() - 4;
        // Nodes yet to be written, the next one last: no recursion, since
        // strangers' keys decide how deep it is.
        let mut nodes = Vec::from([Node {
            entries: &sorted,
            depth: 0,
            reference: root,
        }]);
        while let Some(node) = nodes.pop() {
            let is_root = node.reference == root;
            write(node, is_root, &mut file, &mut nodes)?;
        }
        Ok(file)
    }

    /// The entries with their keys, in the order of those; of one key the
    /// lowest priority comes first, and of equal ones the last.
    fn sorted(&self) -> Vec<(&[u8], &Entry<'a>)> {
        let key = |head: &Head| self.entries.get(head.entry).map(|entry| self.key(entry));
        let mut heads: Vec<Head> = (0..self.entries.len())
            .map(|entry| Head { bytes: 0, entry })
            .collect();
        // Sorted are numbers, eight bytes of each key, and then what has those
        // in common by the next eight.
        let mut parts = Vec::from([(heads.as_mut_slice(), 0)]);
        while let Some((part, depth)) = parts.pop() {
            for head in &mut *part {
                let rest = key(head).and_then(|key| key.get(depth..));
                head.bytes = first_eight(rest.unwrap_or_default());
            }
            part.sort_unstable_by_key(|head| head.bytes);
            for equal in part.chunk_by_mut(|a, b| a.bytes == b.bytes) {
                match equal {
                    [_] => {}
                    [first, ..] if first.bytes.to_be_bytes().ends_with(&[END]) => {
                        let priority = |at: usize| self.entries.get(at).map(|entry| entry.priority);
                        equal.sort_unstable_by_key(|head| {
                            (priority(head.entry), Reverse(head.entry))
                        });
                    }
                    _ => parts.push((equal, depth + 8)),
                }
            }
        }
        let entries = heads.iter().filter_map(|head| self.entries.get(head.entry));
        entries.map(|entry| (self.key(entry), entry)).collect()
    }

    fn key(&self, entry: &Entry<'_>) -> &[u8] {
        self.keys.get(entry.key.clone()).unwrap_or_default()
    }
}

/// Eight bytes of an entry's key, as a number that sorts as they do.
struct Head {
    bytes: u64,
    /// The entry's place.
    entry: usize,
}

/// What `key` begins with; a shorter one is filled up with what no key has.
fn first_eight(key: &[u8]) -> u64 {
    let bytes = key.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [END; 8];
        bytes.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        bytes
    });
    u64::from_be_bytes(bytes)
}

/// A node yet to be written.
struct Node<'e, 'a> {
    /// What is at and below it, in the order of the keys.
    entries: &'e [(&'e [u8], &'e Entry<'a>)],
    /// How much of the keys the way to it tells.
    depth: usize,
    /// Where the reference to it stands.
    reference: usize,
}

/// Writes one node, and leaves its children in `nodes`.
fn write<'e, 'a>(
    node: Node<'e, 'a>,
    is_root: bool,
    file: &mut Vec<u8>,
    nodes: &mut Vec<Node<'e, 'a>>,
) -> Result<(), Refused> {
    let offset = u32::try_from(file.len()).ok();
    let offset = offset.filter(|offset| *offset <= REACH);
    let mut reference = offset.ok_or(Refused::Size)?;

    // The root never has a prefix.
    let prefix = if is_root { &[] } else { node.common() };
    if !prefix.is_empty() {
        reference |= PREFIX;
        file.extend_from_slice(prefix);
        file.push(END);
    }
    let depth = node.depth + prefix.len();

    // What ends here comes first.
    let next = |entry: &(&[u8], &Entry<'_>)| entry.0.get(depth).copied();
    let ends = node
        .entries
        .iter()
        .take_while(|entry| next(entry).is_none());
    let (values, mut rest) = node
        .entries
        .split_at_checked(ends.count())
        .unwrap_or_default();
    if let (Some(first), Some(last)) = (rest.first().and_then(next), rest.last().and_then(next)) {
        reference |= CHILDREN;
        file.extend([first, last]);
        let slots = file.len();
        file.resize(slots + 4 * (usize::from(last - first) + 1), 0);

        let at = nodes.len();
        while let Some(byte) = rest.first().and_then(next) {
            let count = rest.partition_point(|entry| next(entry) <= Some(byte));
            let entries;
            (entries, rest) = rest.split_at_checked(count).unwrap_or_default();
            nodes.push(Node {
                entries,
                depth: depth + 1,
                reference: slots + 4 * usize::from(byte - first),
            });
        }
        nodes.get_mut(at..).unwrap_or_default().reverse();
    }

    if !values.is_empty() {
        reference |= VALUES;
        let count = u32::try_from(values.len()).map_err(|_| Refused::Size)?;
        file.extend(count.to_be_bytes());
        for (_, entry) in values {
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

impl<'e> Node<'e, '_> {
    /// What the rests of all keys begin with: as sorted, what those of the
    /// first and the last do.
    fn common(&self) -> &'e [u8] {
        let rest = |entry: Option<&(&'e [u8], &'e Entry<'_>)>| {
            entry.and_then(|(key, _)| key.get(self.depth..))
        };
        let first = rest(self.entries.first()).unwrap_or_default();
        let last = rest(self.entries.last()).unwrap_or_default();
        let equal = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        first.get(..equal).unwrap_or_default()
    }
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
mod tests;
