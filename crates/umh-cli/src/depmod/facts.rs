// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module's file says, as far as indexes are made of it.

use umh_modules::elf::Object;

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
    /// What `object` says; the names of symbols go into `names`.
    pub(super) fn of(object: &Object<'_>, names: &mut Names, checksums: bool) -> Self {
        let exports = object.exports();
        let imports = object.imports();
        let checksums = checksums.then(|| {
            let exports = exports.iter().map(|export| export.crc).collect();
            // kmod's for what has none.
            let imports = imports.iter().map(|import| import.crc.unwrap_or(0));
            Box::new((exports, imports.collect()))
        });
        let mut facts = Self {
            exports: exports.iter().map(|export| names.id(export.name)).collect(),
            imports: imports
                .iter()
                .map(|import| Import {
                    name: names.id(import.name),
                    weak: import.weak,
                })
                .collect(),
            checksums,
            ..Self::default()
        };

        let [mut aliases, mut softdeps, mut weakdeps] = [const { Vec::new() }; 3];
        for field in object.modinfo() {
            let texts: &mut Vec<u8> = match field.key {
                b"alias" => &mut aliases,
                b"softdep" => &mut softdeps,
                b"weakdep" => &mut weakdeps,
                _ => continue,
            };
            texts.extend_from_slice(field.value);
            texts.push(0);
        }
        facts.aliases = aliases.into();
        facts.softdeps = softdeps.into();
        facts.weakdeps = weakdeps.into();
        facts
    }

    /// The same with other numbers for the names.
    pub(super) fn renumber(&mut self, ids: &[Id]) {
        let new = |id: Id| ids.get(id as usize).copied().unwrap_or(id);
        self.exports.iter_mut().for_each(|id| *id = new(*id));
        let imports = self.imports.iter_mut();
        imports.for_each(|import| import.name = new(import.name));
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
