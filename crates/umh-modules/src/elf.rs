// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module's file, as far as kmod's tools read it: what it says of itself
//! (`.modinfo`), what it exports and imports, and with which checksums
//! (kmod's `libkmod/libkmod-elf.c`; the kernel's `scripts/mod/modpost.c`
//! writes it).
//!
//! Both word sizes, both byte orders, every machine. Nothing in a file is
//! believed: every section must lie inside it, every name inside its strings.
//! Only the sections of interest are asked for, an eighth of a usual module,
//! and neighbours at once, so that a [`Source`] which reads from a disk need
//! not read the rest.

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
pub use symbols::{Export, Undefined};
pub use versions::Version;

use layout::{Format, Part, Table};

/// Where a module's bytes come from, which are there for as long as `'a`.
pub trait Source<'a> {
    /// Why a part cannot be had.
    type Error: From<Error>;

    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Exactly the bytes of `range`, which lies within the length. All that
    /// is asked for one object is no more than three times the length.
    fn read(&mut self, range: Range<u64>) -> Result<&'a [u8], Self::Error>;
}

/// One module's parts that kmod's tools read.
#[derive(Debug)]
pub struct Object<'a> {
    format: Format,
    modinfo: &'a [u8],
    symbols: Option<&'a [u8]>,
    names: &'a [u8],
    exported_names: &'a [u8],
    versions: &'a [u8],
    extended_checksums: Option<&'a [u8]>,
    extended_names: Option<&'a [u8]>,
    /// Sections that hold checksums of exports, by their number.
    checksums: Vec<(u16, &'a [u8])>,
}

/// Parts with no more than this between them are read at once: that costs
/// less than to ask twice.
const NEAR: u64 = 4096;

impl<'a> Object<'a> {
    /// A whole image in memory, unpacked; nothing is copied.
    pub fn parse(image: &'a [u8]) -> Result<Self, Error> {
        Self::read(&mut Image(image))
    }

    /// Reads the parts from `source`.
    pub fn read<S: Source<'a>>(source: &mut S) -> Result<Self, S::Error> {
        Self::read_parts(source, |_| true)
    }

    /// Reads from `source` only what [`Object::modinfo`] tells.
    pub fn read_modinfo<S: Source<'a>>(source: &mut S) -> Result<Self, S::Error> {
        Self::read_parts(source, |part| part == Part::Modinfo)
    }

    fn read_parts<S: Source<'a>>(
        source: &mut S,
        wanted: impl Fn(Part) -> bool,
    ) -> Result<Self, S::Error> {
        let table = Table::read(source)?;
        let mut object = Self {
            format: table.format(),
            modinfo: &[],
            symbols: None,
            names: &[],
            exported_names: &[],
            versions: &[],
            extended_checksums: None,
            extended_names: None,
            checksums: Vec::new(),
        };
        let mut parts = table.parts();
        parts.retain(|(part, _)| wanted(*part));
        parts.sort_unstable_by_key(|(_, range)| range.start);
        let mut rest = parts.as_slice();
        while let Some((_, Range { start, mut end })) = rest.first().cloned() {
            let is_near = |(_, range): &&(Part, Range<u64>)| {
                let is_near = range.start <= end.saturating_add(NEAR);
                end = if is_near { end.max(range.end) } else { end };
                is_near
            };
            let count = rest.iter().take_while(is_near).count();
            let near;
            (near, rest) = rest.split_at_checked(count).unwrap_or_default();
            let bytes = source.read(start..end)?;
            for (part, range) in near {
                let bytes = usize::try_from(range.start - start)
                    .ok()
                    .zip(usize::try_from(range.end - start).ok())
                    .and_then(|(begin, end)| bytes.get(begin..end));
                object.take(*part, bytes.ok_or(Error::Truncated)?);
            }
        }
        object.checksums.sort_unstable_by_key(|(number, _)| *number);
        Ok(object)
    }

    fn take(&mut self, part: Part, bytes: &'a [u8]) {
        match part {
            Part::Modinfo => self.modinfo = bytes,
            Part::Symbols => self.symbols = Some(bytes),
            Part::Names => self.names = bytes,
            Part::ExportedNames => self.exported_names = bytes,
            Part::Versions => self.versions = bytes,
            Part::ExtendedChecksums => self.extended_checksums = Some(bytes),
            Part::ExtendedNames => self.extended_names = Some(bytes),
            Part::Checksums(number) => self.checksums.push((number, bytes)),
        }
    }
}

/// A whole image as a source.
struct Image<'a>(&'a [u8]);

impl<'a> Source<'a> for Image<'a> {
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
