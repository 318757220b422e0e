// SPDX-License-Identifier: MIT OR Apache-2.0

//! Finds the modules of a kernel: one file for each name.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use super::config::{Config, Search};
use super::stamp::Stamp;
use crate::kmod::messages::Messages;

/// A module's file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its name: what the file is called up to the first dot, with `_` for `-`.
    pub(super) name: Vec<u8>,
    pub(super) path: PathBuf,
    /// Where the path goes on below the module directory; nothing if the file
    /// is elsewhere.
    below: Option<usize>,
    /// Which state of it was seen, where that was asked for or tells how long
    /// it takes to unpack it.
    pub(super) stamp: Option<Stamp>,
}

/// How a module's file may end.
const ENDINGS: &[&[u8]] = &[PLAIN, b".ko.gz", b".ko.xz", b".ko.zst"];
/// How one that is not packed ends.
const PLAIN: &[u8] = b".ko";

/// Whether a file of that name is a module.
pub(super) fn is_module(name: &[u8]) -> bool {
    let ends = |ending: &&[u8]| name.len() > ending.len() && name.ends_with(ending);
    ENDINGS.iter().any(ends)
}

impl Found {
    pub(super) fn new(path: PathBuf, directory: &Path, data: Option<&Metadata>) -> Option<Self> {
        let below = path
            .as_os_str()
            .as_bytes()
            .strip_prefix(directory.as_os_str().as_bytes());
        let below = below.and_then(|rest| rest.strip_prefix(b"/"));
        let below = below.map(|rest| path.as_os_str().len() - rest.len());
        let file = path.file_name()?.as_bytes();
        let stem = file.split(|byte| *byte == b'.').next()?;
        let name = stem
            .iter()
            .map(|byte| if *byte == b'-' { b'_' } else { *byte });
        Some(Self {
            name: name.collect(),
            below,
            stamp: data.map(Stamp::of),
            path,
        })
    }

    /// The path as indexes have it: below the module directory, or whole.
    pub(super) fn shown(&self) -> &[u8] {
        self.relative().unwrap_or(self.path.as_os_str().as_bytes())
    }

    /// The path that `modules.order` has for it: the file's not packed.
    pub(super) fn ordered(&self) -> Option<&[u8]> {
        let path = self.relative()?;
        path.get(..self.stem(path) + PLAIN.len())
    }

    fn relative(&self) -> Option<&[u8]> {
        self.path.as_os_str().as_bytes().get(self.below?..)
    }

    /// How long a path is up to what the module is named after.
    fn stem(&self, path: &[u8]) -> usize {
        let file = path.iter().rposition(|byte| *byte == b'/');
        file.map_or(0, |slash| slash + 1) + self.name.len()
    }
}

/// The modules below `directory` and in the directories beside it that
/// `config` names, in no order; with `stamps`, if asked.
pub(super) fn modules(
    directory: &Path,
    config: &Config,
    stamps: bool,
    messages: &Messages,
) -> std::io::Result<Vec<Found>> {
    // What cannot be opened at all is the caller's to report.
    fs::read_dir(directory)?;
    let mut walk = Walk {
        directory,
        config,
        stamps,
        messages,
        chosen: HashMap::new(),
        entered: Vec::new(),
        seen: HashSet::new(),
        linked: Vec::new(),
        may_repeat: false,
    };
    walk.below(directory);
    let externals = config.externals.iter();
    for external in externals.map(|path| Path::new(std::ffi::OsStr::from_bytes(path))) {
        if external.exists() {
            walk.may_repeat = true;
            walk.below(external);
        } else {
            messages.error(format_args!(
                "could not open directory {}: No such file or directory",
                external.display()
            ));
        }
    }
    Ok(walk.chosen.into_values().collect())
}

struct Walk<'a> {
    directory: &'a Path,
    config: &'a Config,
    stamps: bool,
    messages: &'a Messages,
    chosen: HashMap<Vec<u8>, Found>,
    /// Directories that were looked at.
    entered: Vec<PathBuf>,
    /// Others, by device and inode: links may lead in a circle.
    seen: HashSet<(u64, u64)>,
    linked: Vec<PathBuf>,
    /// Whether a directory may be met that was seen: not before a link was
    /// followed, or a second place was looked at.
    may_repeat: bool,
}

impl Walk<'_> {
    /// Looks at everything below `top`: first at what is there itself, then
    /// at the directories that links lead to. In the order of names, so that
    /// one tree always gives one result.
    fn below(&mut self, top: &Path) {
        let mut directories = vec![top.to_owned()];
        loop {
            let next = directories.pop().or_else(|| {
                self.may_repeat |= !self.linked.is_empty();
                self.linked.pop()
            });
            let Some(directory) = next else { return };
            if !self.is_new(&directory) {
                continue;
            }
            match self.enter(&directory) {
                Ok(below) => directories.extend(below.into_iter().rev()),
                Err(error) => self.messages.error(format_args!(
                    "could not open directory {}: {error}",
                    directory.display()
                )),
            }
        }
    }

    fn is_new(&mut self, directory: &Path) -> bool {
        self.entered.push(directory.to_owned());
        if !self.may_repeat {
            return true;
        }
        let mut is_new = false;
        for entered in self.entered.drain(..) {
            let data = fs::metadata(entered);
            is_new = data.is_ok_and(|data| self.seen.insert((data.dev(), data.ino())));
        }
        is_new
    }

    /// Takes the modules of one directory; the directories in it are returned.
    fn enter(&mut self, directory: &Path) -> std::io::Result<Vec<PathBuf>> {
        let entries: Result<Vec<_>, _> = fs::read_dir(directory)?.collect();
        let mut entries = entries?;
        entries.sort_by_cached_key(fs::DirEntry::file_name);
        let mut below = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.as_bytes();
            let excluded = self.config.excludes.iter().any(|exclude| exclude == name);
            if excluded || matches!(name, b"build" | b"source") {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                below.push(entry.path());
                continue;
            }
            let is_module = is_module(name);
            if !is_module && !kind.is_symlink() {
                continue;
            }
            let path = entry.path();
            let is_plain = name.ends_with(PLAIN) && kind.is_file();
            if is_plain && !self.stamps {
                self.consider(path, None);
                continue;
            }
            let data = if kind.is_symlink() {
                fs::metadata(&path)
            } else {
                entry.metadata()
            };
            match data {
                Ok(data) if data.is_dir() => self.linked.push(path),
                Ok(data) if is_module && data.is_file() => self.consider(path, Some(&data)),
                Ok(data) if is_module => {
                    let mode = data.mode() & 0o170_000;
                    self.messages.error(format_args!(
                        "unsupported file type {}: {mode:o}",
                        path.display()
                    ));
                }
                Ok(_) => {}
                Err(error) => self
                    .messages
                    .error(format_args!("{}: {error}", path.display())),
            }
        }
        Ok(below)
    }

    /// Takes a module unless a better one of its name is known.
    fn consider(&mut self, path: PathBuf, data: Option<&Metadata>) {
        let Some(found) = Found::new(path, self.directory, data) else {
            return;
        };
        match self.chosen.get(&found.name) {
            Some(old) if !is_better(&found, old, self.config) => {}
            _ => drop(self.chosen.insert(found.name.clone(), found)),
        }
    }
}

/// Whether `new` is used instead of `old`, a module of the same name (kmod's
/// `tools/depmod.c:depmod_module_is_higher_priority`).
fn is_better(new: &Found, old: &Found, config: &Config) -> bool {
    // Without what follows the module's name, which says how it is packed.
    let stem = |found: &Found| {
        let path = found.relative().unwrap_or_default();
        path.get(..found.stem(path).min(path.len()))
            .unwrap_or_default()
            .to_vec()
    };
    let (new_stem, old_stem) = (stem(new), stem(old));
    // The last of the lines that are about it decides.
    for line in config.overrides.iter().rev() {
        if *line == new_stem {
            return true;
        }
        if *line == old_stem {
            return false;
        }
    }

    // What comes first in the configuration is worth most; a place counts for
    // the new module first, and only if it is not there, for the old one.
    let (mut rank, mut builtin, mut new_rank, mut old_rank) = (0, None, None, None);
    for search in config.searches.iter().rev() {
        match search {
            Search::Builtin => builtin = Some(rank),
            Search::External => {
                for external in config.externals.iter().rev() {
                    let holds =
                        |found: &Found| is_below(found.path.as_os_str().as_bytes(), external);
                    new_rank = if holds(new) { Some(rank) } else { new_rank };
                    old_rank = if holds(old) { Some(rank) } else { old_rank };
                    rank += 1;
                }
            }
            Search::Path(path) if is_below(&new_stem, path) => new_rank = Some(rank),
            Search::Path(path) if is_below(&old_stem, path) => old_rank = Some(rank),
            Search::Path(_) => {}
        }
        rank += 1;
    }
    new_rank.or(builtin) > old_rank.or(builtin)
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests;
