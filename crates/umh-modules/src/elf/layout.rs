// SPDX-License-Identifier: MIT OR Apache-2.0

//! Header and section headers (`Elf32_Ehdr`, `Elf64_Ehdr`, `Elf32_Shdr`,
//! `Elf64_Shdr` of elf(5)).

use alloc::vec::Vec;
use core::ops::Range;

use super::{Error, Source};

/// Word size, byte order and machine: how to read the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) wide: bool,
    big: bool,
    machine: u16,
}

/// A field: where it is and how many bytes it has, in 32 and in 64 bits.
struct Field {
    narrow: (usize, usize),
    wide: (usize, usize),
}

const SECTIONS_OFFSET: Field = field((32, 4), (40, 8));
const SECTION_SIZE: Field = field((46, 2), (58, 2));
const SECTION_COUNT: Field = field((48, 2), (60, 2));
const NAMES_SECTION: Field = field((50, 2), (62, 2));

const NAME: Field = field((0, 4), (0, 4));
const OFFSET: Field = field((16, 4), (24, 8));
const SIZE: Field = field((20, 4), (32, 8));

/// The size of the bigger header.
const HEADER: u64 = 64;
/// Where the machine is, in both.
const MACHINE: usize = 18;

const fn field(narrow: (usize, usize), wide: (usize, usize)) -> Field {
    Field { narrow, wide }
}

impl Format {
    /// The field of the structure that `bytes` begin with.
    fn take(self, bytes: &[u8], field: &Field) -> Option<u64> {
        let (at, size) = if self.wide { field.wide } else { field.narrow };
        self.number(bytes.get(at..)?.get(..size)?)
    }

    /// One, two, four or eight bytes as a number. A million symbols are read
    /// with it: each size has its own way.
    #[inline]
    pub(super) fn number(self, bytes: &[u8]) -> Option<u64> {
        Some(match *bytes {
            [byte] => byte.into(),
            [a, b] if self.big => u16::from_be_bytes([a, b]).into(),
            [a, b] => u16::from_le_bytes([a, b]).into(),
            [a, b, c, d] if self.big => u32::from_be_bytes([a, b, c, d]).into(),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
            _ if self.big => u64::from_be_bytes(bytes.try_into().ok()?),
            _ => u64::from_le_bytes(bytes.try_into().ok()?),
        })
    }

    /// Whether it is for a SPARC, whose registers are symbols.
    pub(super) const fn has_register_symbols(self) -> bool {
        matches!(self.machine, 2 | 43)
    }
}

/// A section that kmod's tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Modinfo,
    Symbols,
    Names,
    ExportedNames,
    Versions,
    ExtendedChecksums,
    ExtendedNames,
    /// Of exports, with the section's number.
    Checksums(u16),
}

impl Part {
    /// The part in the section of that name and number.
    fn of(name: &[u8], number: u16) -> Option<Self> {
        Some(match name {
            b".modinfo" => Self::Modinfo,
            b".symtab" => Self::Symbols,
            b".strtab" => Self::Names,
            b"__ksymtab_strings" => Self::ExportedNames,
            b"__versions" => Self::Versions,
            b"__version_ext_crcs" => Self::ExtendedChecksums,
            b"__version_ext_names" => Self::ExtendedNames,
            // `__kcrctab_gpl`
            _ if name.starts_with(b"__kcrctab") => Self::Checksums(number),
            _ => return None,
        })
    }
}

/// The section headers with the names of the sections.
pub(super) struct Table<'a> {
    format: Format,
    headers: &'a [u8],
    names: &'a [u8],
    length: u64,
}

/// Linkers write the names, some hundred bytes, directly before the headers.
const BEFORE: u64 = 1024;

impl<'a> Table<'a> {
    pub(super) fn read<S: Source<'a>>(source: &mut S) -> Result<Self, S::Error> {
        let length = source.length();
        let first = source.read(0..HEADER.min(length))?;
        let format = identify(first)?;
        let take = |field| format.take(first, field).ok_or(Error::Truncated);

        let size = if format.wide { 64 } else { 40 };
        if take(&SECTION_SIZE)? != size {
            return Err(Error::NoNames.into());
        }
        let begin = take(&SECTIONS_OFFSET)?;
        let range_of_headers = within(begin, take(&SECTION_COUNT)? * size, length);
        let range_of_headers = range_of_headers.ok_or(Error::Truncated)?;
        let start = begin.saturating_sub(BEFORE);
        let both = source.read(start..range_of_headers.end)?;
        let part = |range: &Range<u64>| {
            let begin = usize::try_from(range.start.checked_sub(start)?).ok()?;
            let end = usize::try_from(range.end - start).ok()?;
            both.get(begin..end)
        };
        let headers = part(&range_of_headers).ok_or(Error::Truncated)?;

        let number = take(&NAMES_SECTION)?;
        let names = usize::try_from(number * size).ok();
        let names = names.filter(|_| number != 0);
        let names = names.and_then(|at| headers.get(at..));
        let names = names.and_then(|header| range(format, header, length));
        let names = names.ok_or(Error::NoNames)?;
        let names = match part(&names) {
            Some(names) => names,
            None => source.read(names)?,
        };
        Ok(Self {
            format,
            headers,
            names,
            length,
        })
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Those that lie in the file; of a name the first, but all checksums.
    pub(super) fn parts(&self) -> Vec<(Part, Range<u64>)> {
        let size = if self.format.wide { 64 } else { 40 };
        let mut parts: Vec<(Part, Range<u64>)> = Vec::new();
        for (number, header) in (0..).zip(self.headers.chunks_exact(size)).skip(1) {
            let at = self.format.take(header, &NAME);
            let name = at.and_then(|at| self.names.get(usize::try_from(at).ok()?..));
            // Most of some fifty names end here: `.text`, `.rela.init.text` ...
            let Some(name @ ([b'.', b'm' | b's', ..] | [b'_', b'_', b'k' | b'v', ..])) = name
            else {
                continue;
            };
            if let Some(part) = text(name, 0).and_then(|name| Part::of(name, number))
                && parts.iter().all(|(other, _)| *other != part)
                && let Some(range) = range(self.format, header, self.length)
            {
                parts.push((part, range));
            }
        }
        parts
    }
}

fn identify(header: &[u8]) -> Result<Format, Error> {
    let [0x7f, b'E', b'L', b'F', class, order, ..] = *header else {
        return Err(Error::NoElf);
    };
    let mut format = Format {
        wide: class == 2,
        big: order == 2,
        machine: 0,
    };
    if !matches!((class, order), (1 | 2, 1 | 2)) {
        return Err(Error::Unknown);
    }
    let machine = header.get(MACHINE..MACHINE + 2).ok_or(Error::Truncated)?;
    let machine = format.number(machine).map(u16::try_from);
    format.machine = machine.and_then(Result::ok).ok_or(Error::Truncated)?;
    Ok(format)
}

fn range(format: Format, header: &[u8], length: u64) -> Option<Range<u64>> {
    let offset = format.take(header, &OFFSET)?;
    // A section at the file's start would be its header.
    let range = within(offset, format.take(header, &SIZE)?, length);
    range.filter(|_| offset != 0)
}

fn within(begin: u64, size: u64, length: u64) -> Option<Range<u64>> {
    let end = begin.checked_add(size)?;
    (end <= length).then_some(begin..end)
}

/// The text at `offset` of a string table, up to its NUL.
pub(super) fn text(strings: &[u8], offset: u64) -> Option<&[u8]> {
    let rest = strings.get(usize::try_from(offset).ok()?..)?;
    let end = memchr::memchr(0, rest)?;
    rest.get(..end)
}
