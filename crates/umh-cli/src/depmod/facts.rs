// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module's file says, as far as indexes are made of it.

use hashbrown::HashMap;
use umh_modules::elf::{Object, Undefined};

use super::names::{Id, Names};

/// What one file says. Texts stand one behind the other, each with a NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) exports: Box<[Id]>,
    pub(super) imports: Box<[Import]>,
    pub(super) aliases: Box<[u8]>,
    pub(super) softdeps: Box<[u8]>,
    pub(super) weakdeps: Box<[u8]>,
    /// Checksums of exports and of imports, where they are asked for.
    pub(super) checksums: Option<Box<(Vec<u64>, Vec<u64>)>>,
}

/// A symbol that a module uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) name: Id,
    /// Whether the module does without it.
    pub(super) weak: bool,
}

impl Facts {
    /// The same with other numbers for the names.
    pub(super) fn renumber(&mut self, ids: &[Id]) {
        let new = |id: Id| ids.get(id as usize).copied().unwrap_or(id);
        self.exports.iter_mut().for_each(|id| *id = new(*id));
        let imports = self.imports.iter_mut();
        imports.for_each(|import| import.name = new(import.name));
    }
}

/// Takes down what files say, one after the other.
pub(super) struct Clerk {
    pub(super) names: Names,
    /// Whether checksums are wanted too.
    checksums: bool,
    /// How many files there were.
    files: u32,
    /// For each name the file whose imports were the last to have it.
    importer: Vec<u32>,
    /// For the texts of a file.
    texts: [Vec<u8>; 3],
}

impl Clerk {
    /// One who knows nothing yet, and wants `checksums` or not.
    pub(super) fn new(names: Names, checksums: bool) -> Self {
        Self {
            names,
            checksums,
            files: 0,
            importer: Vec::new(),
            texts: Default::default(),
        }
    }

    /// What `object` says.
    pub(super) fn facts(&mut self, object: &Object<'_>) -> Facts {
        let exports = object.exports();
        let imports = self.imports(object);
        let checksums = self.checksums.then(|| {
            let exports = exports.iter().map(|export| export.crc).collect();
            Box::new((exports, self.checksums_of(&imports, object)))
        });

        let [aliases, softdeps, weakdeps] = &mut self.texts;
        for field in object.modinfo() {
            let texts = match field.key {
                b"alias" => &mut *aliases,
                b"softdep" => &mut *softdeps,
                b"weakdep" => &mut *weakdeps,
                _ => continue,
            };
            texts.extend_from_slice(field.value);
            texts.push(0);
        }
        let [aliases, softdeps, weakdeps] = self.texts.each_mut().map(|texts| {
            let kept = Box::from(texts.as_slice());
            texts.clear();
            kept
        });

        let names = exports.iter().map(|export| self.names.id(export.name));
        Facts {
            exports: names.collect(),
            imports,
            aliases,
            softdeps,
            weakdeps,
            checksums,
        }
    }

    /// What `object` imports: undefined symbols in the file's order, then
    /// what only the checksums name (`module_layout`).
    fn imports(&mut self, object: &Object<'_>) -> Box<[Import]> {
        self.files += 1;
        let undefined = object.undefined();
        let mut imports = Vec::with_capacity(undefined.len() + 1);
        for Undefined { name, weak } in undefined {
            let name = self.names.id(name);
            imports.push(Import { name, weak });
            if self.importer.len() <= name as usize {
                self.importer.resize(self.names.count(), 0);
            }
            let importer = self.importer.get_mut(name as usize);
            importer.into_iter().for_each(|file| *file = self.files);
        }
        for version in object.versions() {
            let name = self.names.id(version.name);
            match self.importer.get_mut(name as usize) {
                // Only the first of those with one name is that symbol's.
                Some(file) if *file == self.files => *file = 0,
                _ => imports.push(Import { name, weak: false }),
            }
        }
        imports.into()
    }

    /// The checksums of `imports`: of one name the first, and kmod's of what
    /// has none.
    fn checksums_of(&self, imports: &[Import], object: &Object<'_>) -> Vec<u64> {
        let mut crcs = HashMap::new();
        for version in object.versions() {
            let name = self.names.find(version.name);
            crcs.entry(name).or_insert(version.crc);
        }
        let crc = |import: &Import| crcs.get(&Some(import.name)).copied();
        imports
            .iter()
            .map(|import| crc(import).unwrap_or(0))
            .collect()
    }
}

/// Texts one by one.
pub(super) fn texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = memchr::memchr(0, rest)?;
        let text;
        (text, rest) = rest.split_at_checked(end)?;
        rest = rest.get(1..)?;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use umh_modules::elf::fixture::Fixture;

    use super::*;

    const FILE: Fixture<'_> = Fixture {
        narrow: false,
        big: false,
        machine: 62,
        modinfo: &["alias=a", "license=GPL", "softdep=pre: x", "alias=b"],
        exports: &[("one", 1)],
        relative: true,
        plain_exports: &[],
        imports: &["printk", "kmalloc"],
        weak_imports: &["maybe"],
        versions: &[
            ("module_layout", 7),
            ("kmalloc", 8),
            ("printk", 9),
            ("printk", 9),
        ],
        extended_versions: &[],
    };

    #[test]
    fn what_only_the_checksums_name_is_imported_too() {
        let file = FILE.build();
        let object = Object::parse(&file).unwrap();
        let mut clerk = Clerk::new(Names::default(), true);
        // Another file's do not count.
        clerk.facts(&object);
        let facts = clerk.facts(&object);
        let name = |import: &Import| (clerk.names.name(import.name), import.weak);
        let imports: Vec<(&[u8], bool)> = facts.imports.iter().map(name).collect();
        assert_eq!(
            imports,
            [
                (&b"printk"[..], false),
                (b"kmalloc", false),
                (b"maybe", true),
                (b"module_layout", false),
                (b"printk", false),
            ]
        );
        let (exports, imports) = *facts.checksums.unwrap();
        assert_eq!(exports, [1]);
        assert_eq!(imports, [9, 8, 0, 7, 9]);
        assert_eq!(*facts.aliases, *b"a\0b\0");
        assert_eq!(*facts.softdeps, *b"pre: x\0");
        assert_eq!(*facts.weakdeps, *b"");
    }
}
