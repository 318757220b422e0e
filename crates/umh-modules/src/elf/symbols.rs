// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module exports and imports, from its symbol table.

use alloc::vec::Vec;

use super::Object;
use super::layout::text;

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
pub struct Undefined<'a> {
    /// The symbol's name.
    pub name: &'a [u8],
    /// Whether the module also works without it.
    pub weak: bool,
}

/// What the name of an export's checksum begins with.
const CHECKSUM: &[u8; 6] = b"__crc_";

/// A symbol in no section: undefined.
const UNDEFINED: u64 = 0;
/// A symbol whose value is no address.
const ABSOLUTE: u64 = 0xfff1;
/// How a weak symbol is bound.
const WEAK: u8 = 2;
/// The type of a SPARC's register.
const REGISTER: u8 = 13;

impl<'a> Object<'a> {
    /// What the module exports, in the file's order: its `__crc_` symbols,
    /// and without `CONFIG_MODVERSIONS` the strings of its exports.
    pub fn exports(&self) -> Vec<Export<'a>> {
        let checksummed = if self.format.wide {
            self.checksummed::<WIDE>()
        } else {
            self.checksummed::<NARROW>()
        };
        match checksummed {
            Some(exports) if !exports.is_empty() => exports,
            _ => {
                let names = self.exported_names.split(|byte| *byte == 0);
                let names = names.filter(|name| !name.is_empty());
                names.map(|name| Export { name, crc: 0 }).collect()
            }
        }
    }

    /// The symbols that the module itself does not define, in the file's
    /// order; none if a name is not among the strings. What it imports are
    /// these, and what only its [`Object::versions`] name (`module_layout`).
    pub fn undefined(&self) -> Vec<Undefined<'a>> {
        let undefined = if self.format.wide {
            self.without_section::<WIDE>()
        } else {
            self.without_section::<NARROW>()
        };
        undefined.unwrap_or_default()
    }

    fn without_section<const SIZE: usize>(&self) -> Option<Vec<Undefined<'a>>>
    where
        [u8; SIZE]: Symbol,
    {
        let registers = self.format.has_register_symbols();
        // As many as a usual module has.
        let mut undefined = Vec::with_capacity(64);
        for symbol in self.symbols::<SIZE>()? {
            if self.format.number(&symbol.section())? != UNDEFINED {
                continue;
            }
            let info = symbol.info();
            if registers && info & 0xf == REGISTER {
                continue;
            }
            let name = text(self.names, self.name_at(symbol)?)?;
            if !name.is_empty() {
                undefined.push(Undefined {
                    name,
                    weak: info >> 4 == WEAK,
                });
            }
        }
        Some(undefined)
    }

    /// The `__crc_` symbols; nothing if a name is not among the strings.
    fn checksummed<const SIZE: usize>(&self) -> Option<Vec<Export<'a>>>
    where
        [u8; SIZE]: Symbol,
    {
        // Up to the last NUL: what begins in there also ends there.
        let end = memchr::memrchr(0, self.names)?;
        let names = self.names.get(..=end)?;
        let mut exports = Vec::new();
        for symbol in self.symbols::<SIZE>()? {
            let at = usize::try_from(self.name_at(symbol)?).ok()?;
            let name = names.get(at..).filter(|name| !name.is_empty())?;
            if name.first_chunk() != Some(CHECKSUM) {
                continue;
            }
            let name = text(name, CHECKSUM.len() as u64)?;
            let value = self.format.number(symbol.value())?;
            let crc = match self.format.number(&symbol.section())? {
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

    /// The entries of the symbol table but the first, which is nothing.
    fn symbols<const SIZE: usize>(&self) -> Option<&'a [[u8; SIZE]]> {
        let (all, rest) = self.symbols?.as_chunks();
        all.get(1..).filter(|_| rest.is_empty())
    }

    /// Where among the strings the name of an entry begins.
    fn name_at(&self, symbol: &[u8]) -> Option<u64> {
        self.format.number(symbol.first_chunk::<4>()?)
    }
}

/// An entry of the symbol table, of one word size, behind the name that both
/// begin with. A million are read: where a field stands is known when this is
/// compiled.
trait Symbol {
    fn info(&self) -> u8;
    fn section(&self) -> [u8; 2];
    fn value(&self) -> &[u8];
}

/// The bytes of an `Elf64_Sym`.
const WIDE: usize = 24;
/// The bytes of an `Elf32_Sym`.
const NARROW: usize = 16;

impl Symbol for [u8; WIDE] {
    fn info(&self) -> u8 {
        let [_, _, _, _, info, ..] = *self;
        info
    }

    fn section(&self) -> [u8; 2] {
        let [_, _, _, _, _, _, a, b, ..] = *self;
        [a, b]
    }

    fn value(&self) -> &[u8] {
        self.get(8..16).unwrap_or_default()
    }
}

impl Symbol for [u8; NARROW] {
    fn info(&self) -> u8 {
        let [.., info, _, _, _] = *self;
        info
    }

    fn section(&self) -> [u8; 2] {
        let [.., a, b] = *self;
        [a, b]
    }

    fn value(&self) -> &[u8] {
        self.get(4..8).unwrap_or_default()
    }
}
