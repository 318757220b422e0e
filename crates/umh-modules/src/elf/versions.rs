// SPDX-License-Identifier: MIT OR Apache-2.0

//! Checksums of what a module imports (`CONFIG_MODVERSIONS`): `__versions`,
//! or where names are too long for that, as Rust's are, the extended form
//! (`CONFIG_EXTENDED_MODVERSIONS`, Linux 6.14).

use alloc::vec::Vec;

use super::Object;

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
    pub fn versions(&self) -> Vec<Version<'a>> {
        let basic = || {
            let entries = self.versions.chunks_exact(ENTRY);
            entries.filter_map(|entry| self.version(entry)).collect()
        };
        match (self.extended_checksums, self.extended_names) {
            (Some(crcs), Some(names)) => {
                let crcs = crcs.chunks_exact(4);
                let names = names.split(|byte| *byte == 0);
                let both = crcs.zip(names);
                both.filter_map(|(crc, name)| {
                    let crc = self.format.number(crc)?;
                    Some(Version { name, crc })
                })
                .collect()
            }
            _ => basic(),
        }
    }

    /// A name that fills its entry is cut short, and so is no name.
    fn version(&self, entry: &'a [u8]) -> Option<Version<'a>> {
        let (crc, name) = entry.split_at_checked(if self.format.wide { 8 } else { 4 })?;
        let end = memchr::memchr(0, name)?;
        Some(Version {
            name: name.get(..end)?,
            crc: self.format.number(crc)?,
        })
    }
}
