// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names of symbols, each kept once: a tree imports two hundred thousand
//! times, and thirty thousand names.

use std::hash::{BuildHasher, Hasher as _};

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
    /// What each hashes to.
    hashes: Vec<u64>,
    table: HashTable<Id>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// An empty set, whose names this one takes in quickly.
    pub(super) fn other(&self) -> Self {
        Self {
            hasher: self.hasher.clone(),
            ..Self::default()
        }
    }

    /// The number of `name`, new or known.
    pub(super) fn id(&mut self, name: &[u8]) -> Id {
        self.id_of(self.hash(name), name)
    }

    fn id_of(&mut self, hash: u64, name: &[u8]) -> Id {
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
        self.hashes.push(hash);
        let hashes = &self.hashes;
        let hash_of = |id: &Id| hashes.get(*id as usize).copied().unwrap_or_default();
        self.table.insert_unique(hash, id, hash_of);
        id
    }

    /// The number of `name`, if it is known.
    pub(super) fn find(&self, name: &[u8]) -> Option<Id> {
        let hash = self.hash(name);
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

    /// Takes in the names of such an [`Names::other`]: its numbers in ours.
    pub(super) fn take(&mut self, other: &Self) -> Vec<Id> {
        let names = (0..).zip(&other.hashes);
        names
            .map(|(id, hash)| self.id_of(*hash, other.name(id)))
            .collect()
    }

    fn hash(&self, name: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(name);
        hasher.finish()
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

        let mut other = names.other();
        other.id(b"x");
        other.id(b"bc");
        assert_eq!(names.take(&other), [3, 2]);
        assert_eq!(names.name(3), b"x");
    }
}
