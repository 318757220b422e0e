// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module exports and imports, from its symbol table.

use alloc::vec::Vec;

use super::layout::{self, Field, text};
use super::{Object, part};

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

impl<B: AsRef<[u8]>> Object<B> {
    /// What the module exports, in the file's order: its `__crc_` symbols,
    /// and without `CONFIG_MODVERSIONS` the strings of its exports.
    pub fn exports(&self) -> Vec<Export<'_>> {
        match self.checksummed() {
            Some(exports) if !exports.is_empty() => exports,
            _ => {
                let names = part(&self.exported_names).split(|byte| *byte == 0);
                let names = names.filter(|name| !name.is_empty());
                names.map(|name| Export { name, crc: 0 }).collect()
            }
        }
    }

    /// What the module imports: undefined symbols in the file's order, then
    /// what only the checksums name (`module_layout`).
    pub fn imports(&self) -> Vec<Import<'_>> {
        let mut imports = self.undefined().unwrap_or_default();
        let versions = self.versions();
        if versions.is_empty() {
            return imports;
        }

        // By name; of those with one name, the first of the file.
        let mut sorted: Vec<usize> = (0..versions.len()).collect();
        let name = |at: &usize| versions.get(*at).map(|version| version.name);
        sorted.sort_unstable_by_key(|at| (name(at), *at));
        let mut seen = alloc::vec![false; versions.len()];
        for import in &mut imports {
            let first = sorted.partition_point(|at| name(at) < Some(import.name));
            let Some(&at) = sorted.get(first) else {
                continue;
            };
            if let (Some(version), Some(seen)) = (versions.get(at), seen.get_mut(at))
                && version.name == import.name
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
    fn checksummed(&self) -> Option<Vec<Export<'_>>> {
        let names = part(&self.names);
        // Most modules export nothing: one look at the strings tells.
        memchr::memmem::find(names, CHECKSUM)?;
        let mut exports = Vec::new();
        for symbol in self.symbols()? {
            let name = text(names, self.format.take(symbol, &NAME)?)?;
            let Some(name) = name.strip_prefix(CHECKSUM) else {
                continue;
            };
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
        let mut sections = self.checksums.iter();
        let (_, bytes) = sections.find(|(number, _)| u64::from(*number) == section)?;
        let bytes = bytes.as_ref().get(usize::try_from(offset).ok()?..)?;
        self.format.number(bytes.get(..4)?)
    }

    /// The undefined symbols; nothing if a name is not among the strings.
    fn undefined(&self) -> Option<Vec<Import<'_>>> {
        let names = part(&self.names);
        let registers = self.format.has_register_symbols();
        let mut imports = Vec::new();
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
        Some(imports)
    }

    /// The entries of the symbol table but the first, which is nothing.
    fn symbols(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let bytes = self.symbols.as_ref()?.as_ref();
        let size = if self.format.wide { 24 } else { 16 };
        let entries = bytes.chunks_exact(size);
        entries.remainder().is_empty().then(|| entries.skip(1))
    }
}
