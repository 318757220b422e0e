// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the files said the last time, so that only those that changed are
//! read again.
//!
//! ```text
//! magic, CRC-32 of the rest
//! count of names, then each with a NUL
//! count of modules, then of each: path and NUL, stamp, exports, imports,
//!                                 aliases, softdeps, weakdeps
//! ```
//!
//! A list is its count and its numbers (of names; the highest bit marks what
//! a module does without), a text its length and its bytes; integers are
//! little-endian, of 32 bits, those of stamps of 64. What is missing, old,
//! damaged or somebody else's says nothing, and all files are read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hashbrown::HashMap;

use super::facts::{Facts, Import};
use super::names::{Id, Names};
use super::publish::Target;
use super::search::Found;
use super::stamp::Stamp;

/// The format's name; another one has another.
const MAGIC: &[u8; 16] = b"umh depmod 1\0\0\0\0";
/// Marks an import that is weak.
const WEAK: u32 = 1 << 31;
/// The largest that is read: a hundred times that of Debian's kernel.
const LIMIT: u64 = 512 << 20;

/// What is known of modules.
#[derive(Default)]
pub(super) struct Kept {
    names: Names,
    modules: HashMap<PathBuf, (Stamp, Facts)>,
}

impl Kept {
    /// What the file at `path` tells; nothing if it tells nothing.
    pub(super) fn load(path: &Path) -> Self {
        let bytes = read(path).ok().flatten();
        let rest = bytes.as_deref().and_then(|bytes| {
            let (checksum, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
            (crc32fast::hash(rest) == u32::from_le_bytes(*checksum)).then_some(rest)
        });
        rest.and_then(parse).unwrap_or_default()
    }

    /// What a module says, if its file is still the same.
    pub(super) fn take(&mut self, module: &Found) -> Option<Facts> {
        let (stamp, facts) = self.modules.remove(&module.path)?;
        (module.stamp == Some(stamp)).then_some(facts)
    }

    /// The names that what was taken refers to.
    pub(super) fn into_names(self) -> Names {
        self.names
    }
}

/// Only a file of root's or ours that nobody else can write is believed.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let data = file.metadata()?;
    let owner = rustix::process::geteuid().as_raw();
    let is_ours = matches!(data.uid(), 0) || data.uid() == owner;
    if !data.is_file() || !is_ours || data.mode() & 0o022 != 0 || data.len() > LIMIT {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes what is known now to the file at `path`.
pub(super) fn save(
    path: &Path,
    found: &[Found],
    facts: &[Facts],
    stamps: &[Option<Stamp>],
    names: &Names,
) -> io::Result<()> {
    let now = SystemTime::now();
    let known = || {
        let all = found.iter().zip(facts).zip(stamps);
        all.filter_map(|((module, facts), stamp)| {
            let stamp = stamp.filter(|stamp| stamp.is_settled(now))?;
            Some((module, facts, stamp))
        })
    };

    // Names that no module uses any more are left out.
    let mut ids: Vec<Option<Id>> = vec![None; names.count()];
    let mut text = Vec::new();
    let mut count: Id = 0;
    for (_, facts, _) in known() {
        let imports = facts.imports.iter().map(|import| import.name);
        for id in facts.exports.iter().copied().chain(imports) {
            if let Some(slot @ None) = ids.get_mut(id as usize) {
                *slot = Some(count);
                count += 1;
                text.extend_from_slice(names.name(id));
                text.push(0);
            }
        }
    }
    let id = |id: Id| ids.get(id as usize).copied().flatten().unwrap_or(0);

    let mut file = [MAGIC.as_slice(), &[0; 4]].concat();
    number(&mut file, count as usize);
    file.extend(text);
    number(&mut file, known().count());
    for (module, facts, stamp) in known() {
        file.extend_from_slice(module.path.as_os_str().as_bytes());
        file.push(0);
        stamp
            .0
            .iter()
            .for_each(|word| file.extend(word.to_le_bytes()));
        number(&mut file, facts.exports.len());
        facts
            .exports
            .iter()
            .for_each(|export| file.extend(id(*export).to_le_bytes()));
        number(&mut file, facts.imports.len());
        for import in &facts.imports {
            let weak = if import.weak { WEAK } else { 0 };
            file.extend((id(import.name) | weak).to_le_bytes());
        }
        for text in [&facts.aliases, &facts.softdeps, &facts.weakdeps] {
            number(&mut file, text.len());
            file.extend_from_slice(text);
        }
    }
    let checksum = crc32fast::hash(file.get(MAGIC.len() + 4..).unwrap_or_default());
    if let Some(slot) = file.get_mut(MAGIC.len()..MAGIC.len() + 4) {
        slot.copy_from_slice(&checksum.to_le_bytes());
    }

    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    fs::create_dir_all(directory)?;
    // Lost in a crash, it is made again: it need not reach the disk.
    Target::open(directory)?.replace(name, &file)
}

fn number(file: &mut Vec<u8>, number: usize) {
    file.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn parse(bytes: &[u8]) -> Option<Kept> {
    let mut input = Input(bytes);
    let mut kept = Kept::default();
    let count = input.number()?;
    for at in 0..count {
        // A name that stands there twice would shift those after it.
        if kept.names.id(input.text()?) != at {
            return None;
        }
    }
    let known = |id: u32| (id & !WEAK < count).then_some(id);
    for _ in 0..input.number()? {
        let path = PathBuf::from(std::ffi::OsString::from_vec(input.text()?.into()));
        let mut stamp = Stamp::default();
        for word in &mut stamp.0 {
            *word = u64::from_le_bytes(*input.take()?);
        }
        let exports = input.numbers()?.map(known);
        let exports = exports
            .map(|id| id.filter(|id| id & WEAK == 0))
            .collect::<Option<_>>()?;
        let imports = input.numbers()?.map(|id| {
            let id = known(id)?;
            Some(Import {
                name: id & !WEAK,
                weak: id & WEAK != 0,
            })
        });
        let facts = Facts {
            exports,
            imports: imports.collect::<Option<_>>()?,
            aliases: input.bytes()?.into(),
            softdeps: input.bytes()?.into(),
            weakdeps: input.bytes()?.into(),
            checksums: None,
        };
        kept.modules.insert(path, (stamp, facts));
    }
    Some(kept)
}

/// What is left of the file.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let taken;
        (taken, self.0) = self.0.split_first_chunk()?;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().copied().map(u32::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let taken;
        (taken, self.0) = self.0.split_at_checked(length)?;
        Some(taken)
    }

    fn numbers(&mut self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let length = usize::try_from(self.number()?).ok()?.checked_mul(4)?;
        let taken;
        (taken, self.0) = self.0.split_at_checked(length)?;
        let (words, _) = taken.as_chunks();
        Some(words.iter().copied().map(u32::from_le_bytes))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let (taken, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(taken)
    }
}

#[cfg(test)]
mod tests;
