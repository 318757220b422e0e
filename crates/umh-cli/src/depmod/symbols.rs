// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which module, or the kernel itself, offers a symbol.

use std::fs;
use std::path::Path;

use super::facts::Facts;
use super::names::{Id, Names};
use super::order;
use crate::kmod::messages::Messages;

/// Who offers a symbol, and its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// The module's place; nothing for the kernel.
    pub(super) module: Option<usize>,
    pub(super) crc: u64,
}

/// All symbols that are offered.
pub(super) struct Symbols {
    pub(super) names: Names,
    offers: Vec<Option<Offer>>,
    /// A character that some architectures put before all symbols.
    prefix: Option<u8>,
}

impl Symbols {
    pub(super) fn new(names: Names, prefix: Option<u8>) -> Self {
        Self {
            names,
            offers: Vec::new(),
            prefix,
        }
    }

    /// What the kernel of a `Module.symvers` offers, with checksums.
    pub(super) fn add_symvers(&mut self, path: &Path, messages: &Messages) -> std::io::Result<()> {
        let text = fs::read(path)?;
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let mut words = line
                .split(|byte| matches!(byte, b' ' | b'\t'))
                .filter(|word| !word.is_empty());
            let (Some(crc), Some(name), Some(b"vmlinux")) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            match hexadecimal(crc) {
                Some(crc) => {
                    let name = self.without_prefix(name).to_vec();
                    self.offer(&name, Offer { module: None, crc });
                }
                None => messages.error(format_args!(
                    "{}:{number} Invalid symbol version {}",
                    path.display(),
                    crc.escape_ascii()
                )),
            }
        }
        self.add_assumed();
        Ok(())
    }

    /// What the kernel of a `System.map` offers.
    pub(super) fn add_system_map(
        &mut self,
        path: &Path,
        messages: &Messages,
    ) -> std::io::Result<()> {
        let text = fs::read(path)?;
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            // `c0294200 R __ksymtab_devfs_alloc_devnum`
            let Some(name) = line.splitn(3, |byte| *byte == b' ').nth(2) else {
                let line = line.escape_ascii();
                messages.error(format_args!(
                    "{}:{number}: invalid line: {line}",
                    path.display()
                ));
                continue;
            };
            if let Some(name) = self.without_prefix(name).strip_prefix(b"__ksymtab_") {
                self.offer(
                    name,
                    Offer {
                        module: None,
                        crc: 0,
                    },
                );
            }
        }
        self.add_assumed();
        Ok(())
    }

    /// What the loader of the kernel makes up.
    fn add_assumed(&mut self) {
        let kernel = Offer {
            module: None,
            crc: 0,
        };
        self.offer(b"__this_module", kernel);
        self.offer(b"_GLOBAL_OFFSET_TABLE_", kernel);
        if self
            .names
            .find(b"TOC.")
            .and_then(|id| self.of(id))
            .is_none()
        {
            self.offer(b"TOC.", kernel);
        }
    }

    /// What a module offers, which takes the place of an earlier offer.
    pub(super) fn add_module(&mut self, module: usize, facts: &Facts) {
        let checksums = facts.checksums.as_ref().map(|both| both.0.as_slice());
        for (at, id) in facts.exports.iter().enumerate() {
            let crc = checksums.and_then(|all| all.get(at)).copied().unwrap_or(0);
            let offer = Offer {
                module: Some(module),
                crc,
            };
            let name = self.names.name(*id);
            let plain = self.without_prefix(name);
            if plain.len() == name.len() {
                self.offer_of(*id, offer);
            } else {
                let plain = plain.to_vec();
                self.offer(&plain, offer);
            }
        }
    }

    /// Who offers what modules call by each name, by its number.
    pub(super) fn needed(&self) -> Vec<Option<Offer>> {
        let ids = (0..).zip(0..self.names.count());
        ids.map(|(id, _)| self.called(id)).collect()
    }

    fn called(&self, id: Id) -> Option<Offer> {
        let name = self.names.name(id);
        // On 64-bit PowerPC `.foo` is foo's code.
        let plain = self.without_prefix(name.strip_prefix(b".").unwrap_or(name));
        if plain.len() == name.len() {
            self.of(id)
        } else {
            self.names.find(plain).and_then(|id| self.of(id))
        }
    }

    /// What modules offer, in the order in which indexes have it.
    pub(super) fn of_modules(&self) -> Vec<(&[u8], usize)> {
        let ids = (0..).zip(&self.offers);
        let mut symbols: Vec<(&[u8], usize)> = ids
            .filter_map(|(id, offer)| Some((self.names.name(id), offer.as_ref()?.module?)))
            .collect();
        symbols.sort_by_cached_key(|(name, _)| (order::symbol(name), *name));
        symbols
    }

    fn of(&self, id: Id) -> Option<Offer> {
        self.offers.get(id as usize).copied().flatten()
    }

    fn offer(&mut self, name: &[u8], offer: Offer) {
        let id = self.names.id(name);
        self.offer_of(id, offer);
    }

    fn offer_of(&mut self, id: Id, offer: Offer) {
        if self.offers.len() <= id as usize {
            self.offers
                .resize(self.names.count().max(id as usize + 1), None);
        }
        if let Some(place) = self.offers.get_mut(id as usize) {
            *place = Some(offer);
        }
    }

    fn without_prefix<'a>(&self, name: &'a [u8]) -> &'a [u8] {
        match (self.prefix, name) {
            (Some(prefix), [first, rest @ ..]) if *first == prefix => rest,
            _ => name,
        }
    }
}

fn hexadecimal(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    u64::from_str_radix(digits.unwrap_or(text), 16).ok()
}
