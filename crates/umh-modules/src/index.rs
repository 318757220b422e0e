// SPDX-License-Identifier: MIT OR Apache-2.0

//! The binary indexes of depmod, version 2.1: a trie of keys, each with
//! values in order of priority.
//!
//! ```text
//! magic B0 07 F4 57, version 00 02 00 01, root reference
//! reference: bit 31 prefix, bit 30 values, bit 29 children, the rest offset
//! node:      [prefix NUL] [first last reference...] [count (priority text NUL)...]
//! ```
//!
//! All integers are big-endian, all references 32 bits. Nothing in a file is
//! believed: every offset and every string must lie inside it, and the nodes
//! and values of one search are counted, so that a loop ends.

use alloc::vec::Vec;

use crate::glob;

pub mod write;

/// The longest key of a node: a pattern's part below its first wildcard.
/// The longest pattern of Debian's 6.12 has 98 bytes.
const KEY_MAX: usize = 1024;

/// The most levels below a wildcard. Debian's 6.12 has 20 in all.
const DEPTH_MAX: usize = 192;

/// The fewest bytes that a node, with the reference to it, or a value can have.
const PART_MIN: usize = 5;

/// The header: magic, version and the reference of the root.
const HEADER: usize = 12;

/// What is told of a value: its priority and its text.
pub type Found<'f, 'a> = &'f mut dyn FnMut(u32, &'a [u8]) -> Result<(), Unreadable>;

/// The file is no index, or it contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// One index, in memory.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    bytes: &'a [u8],
    root: Reference,
}

impl<'a> Index<'a> {
    /// An index that holds nothing.
    pub const EMPTY: Index<'static> = Index {
        bytes: &[],
        root: Reference(0),
    };

    /// Takes a file's bytes; refused if they do not begin as an index does.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let magic = bytes.starts_with(&[0xb0, 0x07, 0xf4, 0x57]);
        // The lower half of the version may grow.
        let version = bytes.get(4..6) == Some(&[0, 2]);
        let root = Reference(word(bytes, HEADER - 4).ok_or(Unreadable)?);
        if magic && version {
            Ok(Self { bytes, root })
        } else {
            Err(Unreadable)
        }
    }

    /// Tells the values of exactly `key`.
    pub fn find(&self, key: &[u8], found: Found<'_, 'a>) -> Result<(), Unreadable> {
        let mut rest = key;
        let mut budget = self.budget();
        let mut next = self.node(self.root, &mut budget)?;
        while let Some(node) = next {
            let Some(below) = rest.strip_prefix(node.prefix) else {
                return Ok(());
            };
            let Some((byte, after)) = below.split_first() else {
                return self.values(&node, &mut budget, found);
            };
            rest = after;
            next = self.child(&node, *byte, &mut budget)?;
        }
        Ok(())
    }

    /// Tells the values of all keys that, as patterns, match `name`
    /// ([`glob::matches`]), a pattern's after those that it begins.
    pub fn search(&self, name: &[u8], found: Found<'_, 'a>) -> Result<(), Unreadable> {
        let mut search = Search {
            index: self,
            budget: self.budget(),
            key: [0; KEY_MAX],
            found,
        };
        let mut rest = name;
        let mut next = self.node(self.root, &mut search.budget)?;
        while let Some(node) = next {
            for (at, byte) in node.prefix.iter().enumerate() {
                if is_wildcard(*byte) {
                    return search.below(&node, at, 0, 0, rest);
                }
                match rest.split_first() {
                    Some((first, after)) if first == byte => rest = after,
                    _ => return Ok(()),
                }
            }
            for wildcard in *b"*?[" {
                if let Some(child) = self.child(&node, wildcard, &mut search.budget)? {
                    search.push(0, wildcard)?;
                    search.below(&child, 0, 1, 0, rest)?;
                }
            }
            let Some((byte, after)) = rest.split_first() else {
                return self.values(&node, &mut search.budget, search.found);
            };
            // A wildcard in the name is no wildcard of a pattern.
            if is_wildcard(*byte) {
                return Ok(());
            }
            rest = after;
            next = self.child(&node, *byte, &mut search.budget)?;
        }
        Ok(())
    }

    /// Tells every key with each of its values, as `modprobe -c` lists them.
    pub fn each(&self, found: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
        let mut budget = self.budget();
        match self.node(self.root, &mut budget)? {
            Some(root) => self.each_below(&root, &mut Vec::new(), 0, &mut budget, found),
            None => Ok(()),
        }
    }

    fn each_below(
        &self,
        node: &Node<'a>,
        key: &mut Vec<u8>,
        depth: usize,
        budget: &mut usize,
        found: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Unreadable> {
        let length = key.len();
        if depth > KEY_MAX || length + node.prefix.len() > KEY_MAX {
            return Err(Unreadable);
        }
        key.extend_from_slice(node.prefix);
        self.values(node, budget, &mut |_, value| {
            found(key, value);
            Ok(())
        })?;
        for (slot, byte) in node.children.chunks_exact(4).zip(node.first..=u8::MAX) {
            let reference = Reference(word(slot, 0).ok_or(Unreadable)?);
            if let Some(child) = self.node(reference, budget)? {
                key.push(byte);
                self.each_below(&child, key, depth + 1, budget, found)?;
                key.pop();
            }
        }
        key.truncate(length);
        Ok(())
    }

    const fn budget(&self) -> usize {
        self.bytes.len() / PART_MIN + 1
    }

    /// Reads the node at `reference`; `None` for a hole.
    fn node(
        &self,
        reference: Reference,
        budget: &mut usize,
    ) -> Result<Option<Node<'a>>, Unreadable> {
        // An empty index refers past its end, to a node without parts.
        if reference.offset() == 0 || !reference.has_parts() {
            return Ok(None);
        }
        *budget = budget.checked_sub(1).ok_or(Unreadable)?;
        let mut rest = self.bytes.get(reference.offset()..).ok_or(Unreadable)?;
        let mut node = Node {
            prefix: &[],
            first: 0,
            children: &[],
            values: None,
        };
        if reference.has_prefix() {
            (node.prefix, rest) = text(rest).ok_or(Unreadable)?;
        }
        if reference.has_children() {
            let (bounds, after) = rest.split_first_chunk::<2>().ok_or(Unreadable)?;
            let [first, last] = *bounds;
            let count = usize::from(last.checked_sub(first).ok_or(Unreadable)?) + 1;
            (node.children, rest) = after.split_at_checked(count * 4).ok_or(Unreadable)?;
            node.first = first;
        }
        if reference.has_values() {
            node.values = Some(rest);
        }
        Ok(Some(node))
    }

    fn child(
        &self,
        node: &Node<'a>,
        byte: u8,
        budget: &mut usize,
    ) -> Result<Option<Node<'a>>, Unreadable> {
        let slot = byte
            .checked_sub(node.first)
            .map(|slot| usize::from(slot) * 4);
        match slot.and_then(|slot| word(node.children, slot)) {
            Some(reference) => self.node(Reference(reference), budget),
            None => Ok(None),
        }
    }

    fn values(
        &self,
        node: &Node<'a>,
        budget: &mut usize,
        found: Found<'_, 'a>,
    ) -> Result<(), Unreadable> {
        let Some(values) = node.values else {
            return Ok(());
        };
        let (count, mut rest) = values.split_first_chunk::<4>().ok_or(Unreadable)?;
        let count = u32::from_be_bytes(*count);
        for _ in 0..count {
            *budget = budget.checked_sub(1).ok_or(Unreadable)?;
            let (priority, after) = rest.split_first_chunk::<4>().ok_or(Unreadable)?;
            let value;
            (value, rest) = text(after).ok_or(Unreadable)?;
            found(u32::from_be_bytes(*priority), value)?;
        }
        Ok(())
    }
}

/// A search below a wildcard: every key there is a pattern to be tried.
struct Search<'s, 'f, 'a> {
    index: &'s Index<'a>,
    budget: usize,
    /// The pattern's bytes from its first wildcard on.
    key: [u8; KEY_MAX],
    found: Found<'f, 'a>,
}

impl<'a> Search<'_, '_, 'a> {
    /// Tries all patterns at and below `node`, whose prefix counts from `at`
    /// on, against `rest`; `length` bytes of the pattern are known.
    fn below(
        &mut self,
        node: &Node<'a>,
        at: usize,
        mut length: usize,
        depth: usize,
        rest: &[u8],
    ) -> Result<(), Unreadable> {
        if depth > DEPTH_MAX {
            return Err(Unreadable);
        }
        for byte in node.prefix.get(at..).unwrap_or(&[]) {
            self.push(length, *byte)?;
            length += 1;
        }
        for (slot, byte) in node.children.chunks_exact(4).zip(node.first..=u8::MAX) {
            let reference = Reference(word(slot, 0).ok_or(Unreadable)?);
            if let Some(child) = self.index.node(reference, &mut self.budget)? {
                self.push(length, byte)?;
                self.below(&child, 0, length + 1, depth + 1, rest)?;
            }
        }
        let pattern = self.key.get(..length).ok_or(Unreadable)?;
        if node.values.is_some() && glob::matches(pattern, rest) {
            self.index.values(node, &mut self.budget, self.found)?;
        }
        Ok(())
    }

    fn push(&mut self, length: usize, byte: u8) -> Result<(), Unreadable> {
        *self.key.get_mut(length).ok_or(Unreadable)? = byte;
        Ok(())
    }
}

/// Where a node is and which parts it has.
#[derive(Clone, Copy, Debug)]
struct Reference(u32);

impl Reference {
    const fn offset(self) -> usize {
        (self.0 & 0x0fff_ffff) as usize
    }

    const fn has_parts(self) -> bool {
        self.0 & 0xe000_0000 != 0
    }

    const fn has_prefix(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    const fn has_values(self) -> bool {
        self.0 & 0x4000_0000 != 0
    }

    const fn has_children(self) -> bool {
        self.0 & 0x2000_0000 != 0
    }
}

struct Node<'a> {
    prefix: &'a [u8],
    first: u8,
    /// References, 4 bytes each, of the bytes from `first` on.
    children: &'a [u8],
    /// From the count on.
    values: Option<&'a [u8]>,
}

const fn is_wildcard(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[')
}

/// The big-endian integer at `at`.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_be_bytes)
}

/// The text up to a NUL, and what follows that.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests;
