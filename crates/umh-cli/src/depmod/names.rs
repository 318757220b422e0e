// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names of symbols, each kept once: a tree imports two hundred thousand
//! times, and thirty thousand names.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The number of a name.
pub(super) type Id = u32;

/// A set of names.
#[derive(Default)]
pub(super) struct Names {
    /// All names, each with a NUL behind it.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    table: HashTable<Id>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of `name`, new or known.
    pub(super) fn id(&mut self, name: &[u8]) -> Id {
        let hash = self.hasher.hash_one(name);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(id) = self.table.find(hash, |id| at(bytes, ends, *id) == name) {
            return *id;
        }
        // Names come out of files of 512 MiB at most, of which there are not
        // as many as fill what 32 bits count; if there were, one would be
        // taken for another, and no memory be touched that is not ours.
        let id = Id::try_from(self.ends.len()).unwrap_or(Id::MAX);
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.ends
            .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        let rehash = |id: &Id| hasher.hash_one(at(bytes, ends, *id));
        self.table.insert_unique(hash, id, rehash);
        id
    }

    /// The number of `name`, if it is known.
    pub(super) fn find(&self, name: &[u8]) -> Option<Id> {
        let hash = self.hasher.hash_one(name);
        self.table.find(hash, |id| self.name(*id) == name).copied()
    }

    /// The name of a number.
    pub(super) fn name(&self, id: Id) -> &[u8] {
        at(&self.bytes, &self.ends, id)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Takes in the names of another set: its numbers in ours.
    pub(super) fn take(&mut self, other: &Self) -> Vec<Id> {
        (0..other.count())
            .map(|id| self.id(other.name(Id::try_from(id).unwrap_or(Id::MAX))))
            .collect()
    }
}

fn at<'a>(bytes: &'a [u8], ends: &[u32], id: Id) -> &'a [u8] {
    let id = id as usize;
    let begin = match id.checked_sub(1) {
        Some(before) => ends.get(before).copied(),
        None => Some(0),
    };
    let range = begin.zip(ends.get(id).copied());
    let name =
        range.and_then(|(begin, end)| bytes.get(begin as usize..(end as usize).checked_sub(1)?));
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let mut names = Names::default();
        let ids = [b"a".as_slice(), b"", b"bc", b"a", b""].map(|name| names.id(name));
        assert_eq!(ids, [0, 1, 2, 0, 1]);
        assert_eq!(names.name(2), b"bc");
        assert_eq!(names.name(1), b"");
        assert_eq!(names.find(b"c"), None);
        assert_eq!(names.name(9), b"");

        let mut other = Names::default();
        other.id(b"bc");
        assert_eq!(other.take(&names), [1, 2, 0]);
    }
}
