// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checksums of what a module imports (`CONFIG_MODVERSIONS`): `__versions`,
//! or where names are too long for that, as Rust's are, the extended form
//! (`CONFIG_EXTENDED_MODVERSIONS`, Linux 6.14).

use super::Object;
use super::layout::Format;

/// The size of an entry of `__versions`.
const ENTRY: usize = 64;

/// An imported symbol and the checksum that it had when the module was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// The symbol's name.
    pub name: &'a [u8],
    /// Its checksum.
    pub crc: u64,
}

impl<'a> Object<'a> {
    /// The checksums in the file's order, from the extended form if it is there.
    pub fn versions(&self) -> impl Iterator<Item = Version<'a>> + use<'a> {
        let format = self.format;
        let extended = self.extended_checksums.zip(self.extended_names);
        let basic = match extended {
            Some(_) => &[],
            None => self.versions,
        };
        let basic = basic.chunks_exact(ENTRY);
        let basic = basic.filter_map(move |entry| version(format, entry));

        let (crcs, names) = extended.unwrap_or_default();
        let both = crcs.chunks_exact(4).zip(names.split(|byte| *byte == 0));
        let extended = both.filter_map(move |(crc, name)| {
            let crc = format.number(crc)?;
            Some(Version { name, crc })
        });
        basic.chain(extended)
    }
}

/// A name that fills its entry is cut short, and so is no name.
fn version(format: Format, entry: &[u8]) -> Option<Version<'_>> {
    let (crc, name) = entry.split_at_checked(if format.wide { 8 } else { 4 })?;
    let end = memchr::memchr(0, name)?;
    Some(Version {
        name: name.get(..end)?,
        crc: format.number(crc)?,
    })
}
