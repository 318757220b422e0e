// SPDX-License-Identifier: MIT OR Apache-2.0

//! Modules that no compiler made: objects with what depmod, modinfo and the
//! loader look at, and not one instruction.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};
use serde::Deserialize;

use crate::compressed::{self, Form};

/// A module as a case describes it. It exports `NAME_symbol`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Module {
    /// The modules whose symbols it uses.
    pub needs: Vec<String>,
    /// Further symbols that it exports, with their checksums.
    pub exports: BTreeMap<String, u32>,
    /// Further symbols that it uses.
    pub imports: Vec<String>,
    /// Symbols that it uses only if they are there.
    pub weak: Vec<String>,
    /// What `__versions` says of the symbols that it uses.
    pub versions: BTreeMap<String, u32>,
    /// What it is good for.
    pub alias: Vec<String>,
    /// What is to be loaded before and after it.
    pub softdep: Vec<String>,
    /// What initramfs tools take along.
    pub weakdep: Vec<String>,
    /// Anything else of `.modinfo`: `key=value`.
    pub info: Vec<String>,
    /// A big-endian machine of 32 bits.
    pub powerpc: bool,
    /// Bytes after its end, in hexadecimal: a signature.
    pub appended: String,
    /// A file of these bytes in its place.
    pub content: Option<String>,
    /// How its file is compressed.
    pub form: Form,
}

impl Module {
    /// The object, as the kernel would have it.
    pub fn image(&self, name: &str) -> Result<Vec<u8>> {
        if let Some(content) = &self.content {
            return Ok(content.clone().into_bytes());
        }
        let mut image = self.object(name)?;
        image.extend(hexadecimal(&self.appended)?);
        Ok(image)
    }

    /// `image` as it is in its file.
    pub fn packed(&self, image: &[u8]) -> Result<Vec<u8>> {
        compressed::pack(self.form, image)
    }

    fn object(&self, name: &str) -> Result<Vec<u8>> {
        let mut object = if self.powerpc {
            Object::new(BinaryFormat::Elf, Architecture::PowerPc, Endianness::Big)
        } else {
            Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little)
        };
        let info = object.add_section(vec![], b".modinfo".to_vec(), SectionKind::ReadOnlyData);
        object.append_section_data(info, &self.info(name), 1);
        // The kernel's struct module: where the name is, for busybox's lsmod
        // no less than for the kernel.
        let this = b".gnu.linkonce.this_module".to_vec();
        let this = object.add_section(vec![], this, SectionKind::Data);
        object.append_section_data(this, &[0; 64], 8);

        let own = format!("{name}_symbol");
        let exports = self.exports.iter().map(|(name, crc)| (name.as_str(), *crc));
        let exports: Vec<(&str, u32)> = [(own.as_str(), checksum(&own))]
            .into_iter()
            .chain(exports)
            .collect();
        let mut strings = Vec::new();
        for (symbol, crc) in &exports {
            strings.extend(symbol.bytes());
            strings.push(0);
            object.add_symbol(symbol_of(
                &format!("__crc_{symbol}"),
                u64::from(*crc),
                SymbolSection::Absolute,
                false,
            ));
        }
        let section = b"__ksymtab_strings".to_vec();
        let section = object.add_section(vec![], section, SectionKind::ReadOnlyData);
        object.append_section_data(section, &strings, 1);

        for needed in &self.needs {
            let symbol = format!("{needed}_symbol");
            object.add_symbol(symbol_of(&symbol, 0, SymbolSection::Undefined, false));
        }
        for symbol in &self.imports {
            object.add_symbol(symbol_of(symbol, 0, SymbolSection::Undefined, false));
        }
        for symbol in &self.weak {
            object.add_symbol(symbol_of(symbol, 0, SymbolSection::Undefined, true));
        }
        if !self.versions.is_empty() {
            let section = b"__versions".to_vec();
            let section = object.add_section(vec![], section, SectionKind::ReadOnlyData);
            object.append_section_data(section, &self.versions()?, 8);
        }
        object
            .write()
            .map_err(|error| anyhow!("module {name}: {error}"))
    }

    /// `.modinfo`, in the order in which Linux's modpost writes it.
    fn info(&self, name: &str) -> Vec<u8> {
        let mut words: Vec<String> = self.info.clone();
        words.extend(self.alias.iter().map(|alias| format!("alias={alias}")));
        words.extend(self.softdep.iter().map(|rest| format!("softdep={rest}")));
        words.extend(self.weakdep.iter().map(|rest| format!("weakdep={rest}")));
        words.push(format!("depends={}", self.needs.join(",")));
        words.push(format!("name={name}"));
        if !self.info.iter().any(|word| word.starts_with("vermagic=")) {
            words.push("vermagic=6.12.1-test SMP preempt mod_unload modversions ".into());
        }
        words
            .iter()
            .flat_map(|word| word.bytes().chain([0]))
            .collect()
    }

    /// `struct modversion_info`: a long with the checksum, and the name.
    fn versions(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (symbol, crc) in &self.versions {
            let mut entry = [0; 64];
            let width = if self.powerpc { 4 } else { 8 };
            let (long, name) = entry.split_at_mut(width);
            if self.powerpc {
                long.copy_from_slice(&crc.to_be_bytes());
            } else {
                long.copy_from_slice(&u64::from(*crc).to_le_bytes());
            }
            let place = name.get_mut(..symbol.len());
            let place = place.ok_or_else(|| anyhow!("{symbol} is too long for __versions"))?;
            place.copy_from_slice(symbol.as_bytes());
            bytes.extend(entry);
        }
        Ok(bytes)
    }
}

/// The name that the loader finds in a module, or `None`: not one.
pub fn name_of(image: &[u8]) -> Option<String> {
    image.strip_prefix(b"\x7fELF")?;
    let words = image.split(|byte| *byte == 0);
    let mut names = words.filter_map(|word| word.strip_prefix(b"name="));
    Some(String::from_utf8_lossy(names.next()?).into_owned())
}

fn symbol_of(name: &str, value: u64, section: SymbolSection, weak: bool) -> Symbol {
    Symbol {
        name: name.as_bytes().to_vec(),
        value,
        size: 0,
        kind: SymbolKind::Data,
        scope: SymbolScope::Dynamic,
        weak,
        section,
        flags: SymbolFlags::None,
    }
}

/// Any number that depends on the name (FNV-1a).
fn checksum(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn hexadecimal(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Ok(u8::try_from(high * 16 + low)?),
            _ => Err(anyhow!("half a byte at the end of {text}")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSymbol};

    use super::*;

    #[test]
    fn a_module_has_what_it_exports_and_what_it_needs() {
        let module = Module {
            needs: vec!["b".into()],
            ..Module::default()
        };
        let image = module.image("a").unwrap();
        let object = object::File::parse(&*image).unwrap();
        let names: Vec<&str> = object
            .symbols()
            .map(|symbol| symbol.name().unwrap())
            .collect();
        assert!(names.contains(&"__crc_a_symbol"), "{names:?}");
        assert!(
            object
                .symbols()
                .any(|s| s.is_undefined() && s.name() == Ok("b_symbol"))
        );
        assert_eq!(name_of(&image).as_deref(), Some("a"));
    }

    #[test]
    fn a_module_of_another_machine_is_big_endian() {
        let module = Module {
            powerpc: true,
            ..Module::default()
        };
        let image = module.image("a").unwrap();
        assert_eq!(image.get(4..6), Some([1, 2].as_slice()));
    }
}
