// SPDX-License-Identifier: MIT OR Apache-2.0

//! `/lib/modules/RELEASE`: what depmod(8) wrote down about the modules of one
//! kernel.
//!
//! Each list is opened when it is first asked for. Where the binary index is
//! missing or contradicts itself, the text that depmod wrote beside it
//! answers, as in small images that have nothing else.

mod text;

use alloc::vec::Vec;
use core::cell::{Cell, OnceCell};
use core::fmt;

use rustix::io::Errno;

use crate::bytes::{Text, words};
use crate::index::{self, Index};
use crate::name;
use crate::system::{self, System};

/// The modules of one kernel.
pub struct Tree<'s> {
    system: &'s dyn System,
    path: Vec<u8>,
    lists: [List; Kind::ALL.len()],
}

/// Where a module is and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Its file, relative to the tree, or absolute.
    pub path: Vec<u8>,
    /// The files of all that it needs, users before what they use.
    pub on: Vec<Vec<u8>>,
}

/// A list of depmod's that answers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The index that is at fault.
    pub file: Vec<u8>,
    /// What opening it gave, or nothing: then it contradicts itself.
    pub errno: Option<Errno>,
}

impl<'s> Tree<'s> {
    /// The tree at `path`.
    pub const fn new(system: &'s dyn System, path: Vec<u8>) -> Self {
        Self {
            system,
            path,
            lists: [const { List::new() }; Kind::ALL.len()],
        }
    }

    /// The tree of kernel `release` below `root` (`modprobe -d`, `-S`).
    pub fn of(system: &'s dyn System, root: &[u8], release: &[u8]) -> Self {
        Self::new(system, [root, b"/lib/modules/", release].concat())
    }

    /// The tree of the running kernel.
    pub fn running(system: &'s dyn System) -> Self {
        Self::of(system, b"", &system::release())
    }

    /// What opens its files.
    pub fn system(&self) -> &'s dyn System {
        self.system
    }

    /// Where it is.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path of a file that a list names.
    pub fn file(&self, relative: &[u8]) -> Vec<u8> {
        match relative {
            [b'/', ..] => relative.to_vec(),
            _ => [&self.path, &b"/"[..], relative].concat(),
        }
    }

    /// What `modules.dep` says of a module, by its normal name.
    pub fn dependencies(&self, module: &[u8]) -> Result<Option<Dependencies>, Unreadable> {
        let mut line = None;
        self.ask(
            Kind::Dependencies,
            &mut |index| {
                index.find(module, &mut |_, value| {
                    line.get_or_insert(value);
                    Ok(())
                })
            },
            &mut |text| text::dependencies(text, module),
        )
        .map(|texts| line.or(texts.first().copied()))?
        .map(|line| self.dependencies_of(line))
        .transpose()
    }

    /// The modules that an alias leads to, by its normal name.
    pub fn aliases(&self, alias: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
        self.search(Kind::Aliases, alias)
    }

    /// The modules that export `symbol:NAME`.
    pub fn symbols(&self, symbol: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
        self.search(Kind::Symbols, symbol)
    }

    /// The parts of the kernel that an alias leads to, by its normal name.
    pub fn builtin_aliases(&self, alias: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
        self.search(Kind::BuiltinAliases, alias)
    }

    /// Whether the kernel has the module built in.
    pub fn is_builtin(&self, module: &[u8]) -> Result<bool, Unreadable> {
        let mut found = false;
        let texts = self.ask(
            Kind::Builtin,
            &mut |index| {
                index.find(module, &mut |_, _| {
                    found = true;
                    Ok(())
                })
            },
            &mut |text| text::builtin(text, module),
        )?;
        Ok(found || !texts.is_empty())
    }

    /// Tells all aliases, each with its module, in the order of the index.
    pub fn dump_aliases(&self, found: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
        self.dump(Kind::Aliases, found)
    }

    /// Tells all exported symbols, each with its module, likewise.
    pub fn dump_symbols(&self, found: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
        self.dump(Kind::Symbols, found)
    }

    /// The indexes that were asked and contradicted themselves, so that their
    /// texts were read.
    pub fn broken(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let lists = Kind::ALL.iter().zip(&self.lists);
        lists
            .filter(|(_, list)| list.broken.get())
            .map(|(kind, _)| self.file(kind.index()))
    }

    /// Whether there is nothing: no tree, or depmod never ran.
    pub fn is_missing(&self) -> bool {
        let list = self.list(Kind::Dependencies);
        list.index(self, Kind::Dependencies).is_none()
            && list.text(self, Kind::Dependencies).is_none()
    }

    fn dependencies_of(&self, line: &[u8]) -> Result<Dependencies, Unreadable> {
        let unreadable = || self.unreadable(Kind::Dependencies, None);
        let colon = line.iter().position(|byte| *byte == b':');
        let (path, on) = line
            .split_at_checked(colon.ok_or_else(unreadable)?)
            .ok_or_else(unreadable)?;
        let on = words(on.get(1..).unwrap_or_default());
        // No path is ever made from what the kernel asks for; one that climbs
        // is none of depmod's.
        let climbs = |path: &[u8]| path.split(|byte| *byte == b'/').any(|part| part == b"..");
        if core::iter::once(path).chain(words(line)).any(climbs) {
            return Err(unreadable());
        }
        Ok(Dependencies {
            path: path.to_vec(),
            on: on.map(<[u8]>::to_vec).collect(),
        })
    }

    fn search(&self, kind: Kind, key: &[u8]) -> Result<Vec<Vec<u8>>, Unreadable> {
        let mut found: Vec<(u32, &[u8])> = Vec::new();
        let texts = self.ask(
            kind,
            &mut |index| {
                // A value comes before those of its own priority.
                let mut insert = |priority, module| {
                    let at = found.partition_point(|(other, _)| *other < priority);
                    found.insert(at, (priority, module));
                    Ok(())
                };
                if kind == Kind::Symbols {
                    index.find(key, &mut insert)
                } else {
                    index.search(key, &mut insert)
                }
            },
            &mut |text| match kind {
                Kind::BuiltinAliases => text::builtin_aliases(text, key),
                _ => text::aliases(text, key),
            },
        )?;
        let found = found.iter().map(|(_, module)| module.to_vec());
        // Texts are not in normal form.
        let texts = texts.into_iter().map(name::of_module);
        Ok(found.chain(texts).collect())
    }

    fn dump(&self, kind: Kind, found: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Unreadable> {
        match self.list(kind).index(self, kind) {
            Some(index) => index
                .each(found)
                .map_err(|index::Unreadable| self.unreadable(kind, None)),
            None => Ok(()),
        }
    }

    /// Asks the index, or else the text.
    fn ask(
        &self,
        kind: Kind,
        ask_index: &mut dyn FnMut(Index<'static>) -> Result<(), index::Unreadable>,
        ask_text: &mut dyn FnMut(&'static [u8]) -> Vec<&'static [u8]>,
    ) -> Result<Vec<&'static [u8]>, Unreadable> {
        let list = self.list(kind);
        if let Some(index) = list.index(self, kind) {
            if ask_index(index).is_ok() {
                return Ok(Vec::new());
            }
            list.broken.set(true);
        }
        match list.text(self, kind) {
            Some(text) => Ok(ask_text(text)),
            None if list.broken.get() => Err(self.unreadable(kind, list.errno.get())),
            None => Ok(Vec::new()),
        }
    }

    fn list(&self, kind: Kind) -> &List {
        // The array has a place for each kind.
        let [dependencies, aliases, symbols, builtin, builtin_aliases] = &self.lists;
        match kind {
            Kind::Dependencies => dependencies,
            Kind::Aliases => aliases,
            Kind::Symbols => symbols,
            Kind::Builtin => builtin,
            Kind::BuiltinAliases => builtin_aliases,
        }
    }

    fn unreadable(&self, kind: Kind, errno: Option<Errno>) -> Unreadable {
        Unreadable {
            file: self.file(kind.index()),
            errno,
        }
    }
}

/// One list of depmod's, as far as it was asked for.
struct List {
    index: OnceCell<Option<Index<'static>>>,
    text: OnceCell<Option<&'static [u8]>>,
    broken: Cell<bool>,
    errno: Cell<Option<Errno>>,
}

impl List {
    const fn new() -> Self {
        Self {
            index: OnceCell::new(),
            text: OnceCell::new(),
            broken: Cell::new(false),
            errno: Cell::new(None),
        }
    }

    fn index(&self, tree: &Tree<'_>, kind: Kind) -> Option<Index<'static>> {
        if self.broken.get() {
            return None;
        }
        *self.index.get_or_init(|| {
            let open = match kind {
                Kind::Builtin | Kind::BuiltinAliases => system::map_or_read,
                Kind::Dependencies | Kind::Aliases | Kind::Symbols => system::map,
            };
            let bytes = match open(tree.system, &tree.file(kind.index())) {
                // Of what a kernel has none of, depmod writes nothing at all; a
                // crash may have left as much of the others.
                Ok([]) => return None,
                Ok(bytes) => bytes,
                Err(Errno::NOENT | Errno::NOTDIR) => return None,
                Err(errno) => {
                    self.broken.set(true);
                    self.errno.set(Some(errno));
                    return None;
                }
            };
            let index = Index::new(bytes);
            self.broken.set(index.is_err());
            index.ok()
        })
    }

    fn text(&self, tree: &Tree<'_>, kind: Kind) -> Option<&'static [u8]> {
        *self
            .text
            .get_or_init(|| system::map(tree.system, &tree.file(kind.text())).ok())
    }
}

/// The lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dependencies,
    Aliases,
    Symbols,
    Builtin,
    BuiltinAliases,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Dependencies,
        Self::Aliases,
        Self::Symbols,
        Self::Builtin,
        Self::BuiltinAliases,
    ];

    const fn index(self) -> &'static [u8] {
        match self {
            Self::Dependencies => b"modules.dep.bin",
            Self::Aliases => b"modules.alias.bin",
            Self::Symbols => b"modules.symbols.bin",
            Self::Builtin => b"modules.builtin.bin",
            Self::BuiltinAliases => b"modules.builtin.alias.bin",
        }
    }

    const fn text(self) -> &'static [u8] {
        match self {
            Self::Dependencies => b"modules.dep",
            Self::Aliases => b"modules.alias",
            Self::Symbols => b"modules.symbols",
            Self::Builtin => b"modules.builtin",
            Self::BuiltinAliases => b"modules.builtin.modinfo",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Text(&self.file))?;
        match self.errno {
            Some(errno) => write!(f, "errno {}", errno.raw_os_error())?,
            None => f.write_str("contradicts itself")?,
        }
        f.write_str("; run depmod(8)")
    }
}

#[cfg(test)]
mod tests;
