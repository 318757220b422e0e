// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file, as far as kmod's tools read it: what it says of itself
//! (`.modinfo`), what it exports and imports, and with which checksums
//! (kmod's `libkmod/libkmod-elf.c`; the kernel's `scripts/mod/modpost.c`
//! writes it).
//!
//! Both word sizes, both byte orders, every machine. Nothing in a file is
//! believed: every section must lie inside it, every name inside its strings.
//! Only the sections of interest are asked for, an eighth of a usual module,
//! so that a [`Source`] which reads from a disk need not read the rest.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

#[cfg(any(test, feature = "fixtures"))]
pub mod fixture;
mod layout;
mod modinfo;
mod symbols;
#[cfg(test)]
mod tests;
mod versions;

pub use modinfo::Field;
pub use symbols::{Export, Import};
pub use versions::Version;

use layout::{Format, Section, Table};

/// Where a module's bytes come from.
pub trait Source {
    /// How a part is kept: a slice of the whole, or memory of its own.
    type Bytes: AsRef<[u8]>;
    /// Why a part cannot be had.
    type Error: From<Error>;

    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Exactly the bytes of `range`, which lies within the length.
    fn read(&mut self, range: Range<u64>) -> Result<Self::Bytes, Self::Error>;
}

/// One module's parts that kmod's tools read.
#[derive(Debug)]
pub struct Object<B> {
    format: Format,
    modinfo: Option<B>,
    symbols: Option<B>,
    names: Option<B>,
    exported_names: Option<B>,
    versions: Option<B>,
    extended_checksums: Option<B>,
    extended_names: Option<B>,
    /// Sections that hold checksums of exports, by their number.
    checksums: Vec<(u16, B)>,
}

impl<'a> Object<&'a [u8]> {
    /// A whole image in memory, unpacked; nothing is copied.
    pub fn parse(image: &'a [u8]) -> Result<Self, Error> {
        Self::read(&mut Image(image))
    }
}

impl<B: AsRef<[u8]>> Object<B> {
    /// Reads the parts from `source`.
    pub fn read<S: Source<Bytes = B>>(source: &mut S) -> Result<Self, S::Error> {
        let table = Table::read(source)?;
        let mut object = Self {
            format: table.format(),
            modinfo: None,
            symbols: None,
            names: None,
            exported_names: None,
            versions: None,
            extended_checksums: None,
            extended_names: None,
            checksums: Vec::new(),
        };
        for Section {
            number,
            name,
            range,
        } in table.sections()
        {
            let part = match name {
                b".modinfo" => &mut object.modinfo,
                b".symtab" => &mut object.symbols,
                b".strtab" => &mut object.names,
                b"__ksymtab_strings" => &mut object.exported_names,
                b"__versions" => &mut object.versions,
                b"__version_ext_crcs" => &mut object.extended_checksums,
                b"__version_ext_names" => &mut object.extended_names,
                _ if name.starts_with(b"__kcrctab") => {
                    object.checksums.push((number, source.read(range)?));
                    continue;
                }
                _ => continue,
            };
            // The first of a name counts.
            if part.is_none() {
                *part = Some(source.read(range)?);
            }
        }
        Ok(object)
    }
}

fn part<B: AsRef<[u8]>>(part: &Option<B>) -> &[u8] {
    part.as_ref().map_or(&[], B::as_ref)
}

/// A whole image as a source.
struct Image<'a>(&'a [u8]);

impl<'a> Source for Image<'a> {
    type Bytes = &'a [u8];
    type Error = Error;

    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, range: Range<u64>) -> Result<&'a [u8], Error> {
        let begin = usize::try_from(range.start);
        let end = usize::try_from(range.end);
        match (begin, end) {
            (Ok(begin), Ok(end)) => self.0.get(begin..end).ok_or(Error::Truncated),
            _ => Err(Error::Truncated),
        }
    }
}

/// Why a file is no module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It does not begin as an ELF object does.
    NoElf,
    /// It is one of an unknown kind: neither 32 nor 64 bits, neither byte order.
    Unknown,
    /// Its header or its section headers lie outside it.
    Truncated,
    /// The names of its sections are not to be found.
    NoNames,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoElf => "not an ELF object",
            Self::Unknown => "an ELF object of an unknown class or byte order",
            Self::Truncated => "a truncated ELF object: its section headers lie outside the file",
            Self::NoNames => "a damaged ELF object: its sections have no names",
        })
    }
}

impl core::error::Error for Error {}
