// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module exports and imports, from its symbol table.

use alloc::vec::Vec;

use super::Object;
use super::layout::{self, Field, text};

/// A symbol that other modules can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// The symbol's name.
    pub name: &'a [u8],
    /// Its checksum; 0 without `CONFIG_MODVERSIONS`, all ones if it lies
    /// outside its section.
    pub crc: u64,
}

/// A symbol of another module, or of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// The symbol's name.
    pub name: &'a [u8],
    /// The checksum that it must have.
    pub crc: Option<u64>,
    /// Whether the module also works without it.
    pub weak: bool,
}

/// What the name of an export's checksum begins with.
const CHECKSUM: &[u8] = b"__crc_";

const NAME: Field = layout::field((0, 4), (0, 4));
const VALUE: Field = layout::field((4, 4), (8, 8));
const INFO: Field = layout::field((12, 1), (4, 1));
const SECTION: Field = layout::field((14, 2), (6, 2));

/// A symbol in no section: undefined.
const UNDEFINED: u64 = 0;
/// A symbol whose value is no address.
const ABSOLUTE: u64 = 0xfff1;
/// How a weak symbol is bound.
const WEAK: u64 = 2;
/// The type of a SPARC's register.
const REGISTER: u64 = 13;

impl<'a> Object<'a> {
    /// What the module exports, in the file's order: its `__crc_` symbols,
    /// and without `CONFIG_MODVERSIONS` the strings of its exports.
    pub fn exports(&self) -> Vec<Export<'a>> {
        match self.checksummed() {
            Some(exports) if !exports.is_empty() => exports,
            _ => {
                let names = self.exported_names.split(|byte| *byte == 0);
                let names = names.filter(|name| !name.is_empty());
                names.map(|name| Export { name, crc: 0 }).collect()
            }
        }
    }

    /// What the module imports: undefined symbols in the file's order, then
    /// what only the checksums name (`module_layout`).
    pub fn imports(&self) -> Vec<Import<'a>> {
        let versions = self.versions();
        let mut imports = Vec::with_capacity(versions.len() + 1);
        if self.add_undefined(&mut imports).is_none() {
            imports.clear();
        }
        if versions.is_empty() {
            return imports;
        }

        // By name; of those with one name, the first of the file.
        let key = |name: &'a [u8]| (digest(name), name);
        let versions_by_name = versions.iter().enumerate();
        let sorted = versions_by_name.map(|(at, version)| (key(version.name), at));
        let mut sorted: Vec<((u64, &[u8]), usize)> = sorted.collect();
        sorted.sort_unstable();
        let mut seen = alloc::vec![false; versions.len()];
        for import in &mut imports {
            let key = key(import.name);
            let first = sorted.partition_point(|(other, _)| *other < key);
            let Some((found, at)) = sorted.get(first) else {
                continue;
            };
            if let (Some(version), Some(seen)) = (versions.get(*at), seen.get_mut(*at))
                && *found == key
            {
                import.crc = Some(version.crc);
                *seen = true;
            }
        }
        let rest = versions.iter().zip(seen).filter(|(_, seen)| !seen);
        imports.extend(rest.map(|(version, _)| Import {
            name: version.name,
            crc: Some(version.crc),
            weak: false,
        }));
        imports
    }

    /// The `__crc_` symbols; nothing if a name is not among the strings.
    fn checksummed(&self) -> Option<Vec<Export<'a>>> {
        // Most modules export nothing: one look at the strings tells.
        memchr::memmem::find(self.names, CHECKSUM)?;
        // Up to the last NUL: what begins in there also ends there.
        let end = memchr::memrchr(0, self.names)?;
        let names = self.names.get(..=end)?;
        let mut exports = Vec::new();
        for symbol in self.symbols()? {
            let at = usize::try_from(self.format.take(symbol, &NAME)?).ok()?;
            let name = names.get(at..).filter(|name| !name.is_empty())?;
            if !name.starts_with(CHECKSUM) {
                continue;
            }
            let name = text(name, CHECKSUM.len() as u64)?;
            let value = self.format.take(symbol, &VALUE)?;
            let crc = match self.format.take(symbol, &SECTION)? {
                UNDEFINED | ABSOLUTE => value,
                section => self.checksum(section, value).unwrap_or(u64::MAX),
            };
            exports.push(Export { name, crc });
        }
        Some(exports)
    }

    /// The checksum at `offset` of the section of that number.
    fn checksum(&self, section: u64, offset: u64) -> Option<u64> {
        let sections = &self.checksums;
        let at = sections.binary_search_by_key(&section, |(number, _)| u64::from(*number));
        let (_, bytes) = sections.get(at.ok()?)?;
        let bytes = bytes.get(usize::try_from(offset).ok()?..)?;
        self.format.number(bytes.get(..4)?)
    }

    /// Adds the undefined symbols; `None` if a name is not among the strings.
    fn add_undefined(&self, imports: &mut Vec<Import<'a>>) -> Option<()> {
        let names = self.names;
        let registers = self.format.has_register_symbols();
        for symbol in self.symbols()? {
            if self.format.take(symbol, &SECTION)? != UNDEFINED {
                continue;
            }
            let info = self.format.take(symbol, &INFO)?;
            if registers && info & 0xf == REGISTER {
                continue;
            }
            let name = text(names, self.format.take(symbol, &NAME)?)?;
            if !name.is_empty() {
                imports.push(Import {
                    name,
                    crc: None,
                    weak: info >> 4 == WEAK,
                });
            }
        }
        Some(())
    }

    /// The entries of the symbol table but the first, which is nothing.
    fn symbols(&self) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let bytes = self.symbols?;
        let size = if self.format.wide { 24 } else { 16 };
        let entries = bytes.chunks_exact(size);
        entries.remainder().is_empty().then(|| entries.skip(1))
    }
}

/// What most names differ in, so that few have to be compared: what is
/// sorted by it stands in no order that means anything.
fn digest(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().copied().map(u64::from_le_bytes);
    words.chain([rest]).fold(0, |digest: u64, word| {
        (digest.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}
