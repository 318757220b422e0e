// SPDX-License-Identifier: MIT OR Apache-2.0

//! Module files for tests: small objects with all that [`super::Object`]
//! reads and nothing that a kernel could load.

use alloc::vec::Vec;

/// What the module is to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fixture<'a> {
    /// 32 bits, not 64.
    pub narrow: bool,
    /// Most significant byte first.
    pub big: bool,
    /// The machine, as in `EM_X86_64`.
    pub machine: u16,
    /// `.modinfo`: `alias=pci:*` ...
    pub modinfo: &'a [&'a str],
    /// Exports with their checksums.
    pub exports: &'a [(&'a str, u32)],
    /// Whether the checksums stand in a section, not in the symbols.
    pub relative: bool,
    /// Exports without checksums.
    pub plain_exports: &'a [&'a str],
    /// Undefined symbols.
    pub imports: &'a [&'a str],
    /// Undefined symbols that need not be there.
    pub weak_imports: &'a [&'a str],
    /// `__versions`.
    pub versions: &'a [(&'a str, u32)],
    /// `__version_ext_crcs` and `__version_ext_names`.
    pub extended_versions: &'a [(&'a str, u32)],
}

impl Fixture<'_> {
    /// The file's bytes.
    pub fn build(&self) -> Vec<u8> {
        let mut sections: Vec<(&str, Vec<u8>)> = Vec::new();
        let mut names = Vec::from([0]);
        let mut symbols = self.symbol(0, 0, 0, 0);
        let mut checksums = Vec::new();
        for (name, crc) in self.exports {
            let name = add(&mut names, &[b"__crc_", name.as_bytes()]);
            let value = if self.relative {
                checksums.extend(self.word(u64::from(*crc), 4));
                checksums.len() as u64 - 4
            } else {
                u64::from(*crc)
            };
            // `__kcrctab` is the first section.
            let section = if self.relative { 1 } else { 0xfff1 };
            symbols.extend(self.symbol(name, value, 0x10, section));
        }
        let strong = self.imports.iter().map(|name| (name, 0x10));
        let weak = self.weak_imports.iter().map(|name| (name, 0x20));
        for (name, info) in strong.chain(weak) {
            let name = add(&mut names, &[name.as_bytes()]);
            symbols.extend(self.symbol(name, 0, info, 0));
        }

        sections.push(("__kcrctab", checksums));
        sections.push((".modinfo", lines(self.modinfo.iter().copied())));
        if !self.plain_exports.is_empty() {
            let lines = lines(self.plain_exports.iter().copied());
            sections.push(("__ksymtab_strings", lines));
        }
        if !self.versions.is_empty() {
            let entries = self.versions.iter().flat_map(|(name, crc)| {
                let mut entry = self.word(u64::from(*crc), if self.narrow { 4 } else { 8 });
                entry.extend(name.as_bytes());
                entry.resize(64, 0);
                entry
            });
            sections.push(("__versions", entries.collect()));
        }
        if !self.extended_versions.is_empty() {
            let crcs = self.extended_versions.iter();
            let crcs = crcs.flat_map(|(_, crc)| self.word(u64::from(*crc), 4));
            sections.push(("__version_ext_crcs", crcs.collect()));
            let names = self.extended_versions.iter().map(|(name, _)| *name);
            sections.push(("__version_ext_names", lines(names)));
        }
        sections.push((".symtab", symbols));
        sections.push((".strtab", names));
        self.assemble(sections)
    }

    fn assemble(&self, mut sections: Vec<(&str, Vec<u8>)>) -> Vec<u8> {
        let mut names = Vec::from([0]);
        let mut offsets: Vec<u64> = Vec::new();
        for (name, _) in &sections {
            offsets.push(add(&mut names, &[name.as_bytes()]));
        }
        offsets.push(add(&mut names, &[b".shstrtab"]));
        sections.push((".shstrtab", names));

        let mut file = alloc::vec![0; if self.narrow { 52 } else { 64 }];
        let word = if self.narrow { 4 } else { 8 };
        let mut headers = alloc::vec![0; if self.narrow { 40 } else { 64 }];
        for ((_, bytes), name) in sections.iter().zip(offsets) {
            headers.extend(self.word(name, 4));
            headers.extend(self.word(1, 4));
            headers.extend(self.word(0, 2 * word));
            headers.extend(self.word(file.len() as u64, word));
            headers.extend(self.word(bytes.len() as u64, word));
            headers.extend(alloc::vec![0; if self.narrow { 16 } else { 24 }]);
            file.extend(bytes);
        }
        let at = file.len() as u64;
        file.extend(headers);

        let count = sections.len() as u64 + 1;
        let mut header = Vec::from(*b"\x7fELF");
        header.push(if self.narrow { 1 } else { 2 });
        header.push(if self.big { 2 } else { 1 });
        header.resize(16, 0);
        header.extend(self.word(1, 2));
        header.extend(self.word(u64::from(self.machine), 2));
        header.resize(if self.narrow { 32 } else { 40 }, 0);
        header.extend(self.word(at, word));
        header.resize(if self.narrow { 46 } else { 58 }, 0);
        header.extend(self.word(if self.narrow { 40 } else { 64 }, 2));
        header.extend(self.word(count, 2));
        header.extend(self.word(count - 1, 2));
        file.splice(..header.len(), header);
        file
    }

    fn symbol(&self, name: u64, value: u64, info: u8, section: u64) -> Vec<u8> {
        let mut symbol = self.word(name, 4);
        if self.narrow {
            symbol.extend(self.word(value, 4));
            symbol.extend(self.word(0, 4));
            symbol.extend([info, 0]);
            symbol.extend(self.word(section, 2));
        } else {
            symbol.extend([info, 0]);
            symbol.extend(self.word(section, 2));
            symbol.extend(self.word(value, 8));
            symbol.extend(self.word(0, 8));
        }
        symbol
    }

    /// A number in `size` bytes.
    fn word(&self, number: u64, size: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = number.to_le_bytes().into();
        bytes.resize(size, 0);
        if self.big {
            bytes.reverse();
        }
        bytes
    }
}

/// Adds a string to a table and tells where it is.
fn add(table: &mut Vec<u8>, parts: &[&[u8]]) -> u64 {
    let at = table.len() as u64;
    parts.iter().for_each(|part| table.extend(*part));
    table.push(0);
    at
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u8> {
    texts.flat_map(|text| text.bytes().chain([0])).collect()
}
