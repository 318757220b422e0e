// SPDX-License-Identifier: MIT OR Apache-2.0

//! Header and section headers (`Elf32_Ehdr`, `Elf64_Ehdr`, `Elf32_Shdr`,
//! `Elf64_Shdr` of elf(5)).

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
pub(super) struct Field {
    pub(super) narrow: (usize, usize),
    pub(super) wide: (usize, usize),
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

pub(super) const fn field(narrow: (usize, usize), wide: (usize, usize)) -> Field {
    Field { narrow, wide }
}

impl Format {
    /// The field of the structure that `bytes` begin with.
    pub(super) fn take(self, bytes: &[u8], field: &Field) -> Option<u64> {
        let (at, size) = if self.wide { field.wide } else { field.narrow };
        self.number(bytes.get(at..)?.get(..size)?)
    }

    /// As many bytes as there are, at most eight, as a number.
    pub(super) fn number(self, bytes: &[u8]) -> Option<u64> {
        let mut word = [0; 8];
        if self.big {
            let unused = word.len().checked_sub(bytes.len())?;
            word.get_mut(unused..)?.copy_from_slice(bytes);
            Some(u64::from_be_bytes(word))
        } else {
            word.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(u64::from_le_bytes(word))
        }
    }

    /// Whether it is for a SPARC, whose registers are symbols.
    pub(super) const fn has_register_symbols(self) -> bool {
        matches!(self.machine, 2 | 43)
    }
}

/// The section headers with the names of the sections.
pub(super) struct Table<B> {
    format: Format,
    headers: B,
    names: B,
    length: u64,
}

/// One section within the file.
pub(super) struct Section<'a> {
    pub(super) number: u16,
    pub(super) name: &'a [u8],
    pub(super) range: Range<u64>,
}

impl<B: AsRef<[u8]>> Table<B> {
    pub(super) fn read<S: Source<Bytes = B>>(source: &mut S) -> Result<Self, S::Error> {
        let length = source.length();
        let first = source.read(0..HEADER.min(length))?;
        let first = first.as_ref();
        let format = identify(first)?;
        let take = |field| format.take(first, field).ok_or(Error::Truncated);

        let size = if format.wide { 64 } else { 40 };
        if take(&SECTION_SIZE)? != size {
            return Err(Error::NoNames.into());
        }
        let begin = take(&SECTIONS_OFFSET)?;
        let headers = within(begin, take(&SECTION_COUNT)? * size, length);
        let headers = source.read(headers.ok_or(Error::Truncated)?)?;

        let number = take(&NAMES_SECTION)?;
        let names = usize::try_from(number * size).ok();
        let names = names.filter(|_| number != 0);
        let names = names.and_then(|at| headers.as_ref().get(at..));
        let names = names.and_then(|header| range(format, header, length));
        let names = source.read(names.ok_or(Error::NoNames)?)?;
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

    /// Those that have a name and lie in the file.
    pub(super) fn sections(&self) -> impl Iterator<Item = Section<'_>> {
        let size = if self.format.wide { 64 } else { 40 };
        let headers = self.headers.as_ref().chunks_exact(size);
        (0..).zip(headers).skip(1).filter_map(|(number, header)| {
            let name = self.format.take(header, &NAME)?;
            Some(Section {
                number,
                name: text(self.names.as_ref(), name)?,
                range: range(self.format, header, self.length)?,
            })
        })
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
