// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module name or alias leads to, from the indexes that depmod writes
//! into `/lib/modules/RELEASE` (depmod(8), kmod's `libkmod/libkmod-index.c`).

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use umh_modules::system::System;

use umh_modules::glob;
use umh_modules::index::{Index, Unreadable};
use umh_modules::name::{NAME_MAX, module_of, normal};

use crate::sys::{PathBuffer, Root, map_file};

impl System for Root {
    fn open(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        Root::open(self, path, flags, Mode::empty())
    }

    fn map(&self, file: BorrowedFd<'_>) -> rustix::io::Result<&'static [u8]> {
        map_file(file)
    }
}

/// How far soft dependencies of soft dependencies are followed.
const SOFT_DEPTH_MAX: u32 = 3;

/// The most soft dependencies of one request.
const SOFT_MAX: u32 = 1024;

/// The indexes of one kernel's modules.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// Module name to `path: path of dependency ...`.
    pub dependencies: Index<'a>,
    /// Alias pattern to module name.
    pub aliases: Index<'a>,
    /// `symbol:NAME` to module name.
    pub symbols: Index<'a>,
    /// The names of modules that are part of the kernel.
    pub builtin: Index<'a>,
    /// Alias pattern to the name of a module that is part of the kernel.
    pub builtin_aliases: Index<'a>,
    /// The text of `modules.softdep`: what modprobe loads beside a module.
    pub soft_dependencies: &'a [u8],
}

impl Catalogue<'static> {
    /// The indexes of the running kernel.
    pub fn running(root: &Root) -> Result<Self, Unreadable> {
        let system = rustix::system::uname();
        Self::open(root, system.release().to_bytes())
    }

    /// The indexes below `/lib/modules/RELEASE`. Those of what is built in
    /// and of symbols may be missing, as in small images.
    pub fn open(root: &Root, release: &[u8]) -> Result<Self, Unreadable> {
        let map = |name: &[u8]| {
            let mut path = PathBuffer::new();
            if ![b"/lib/modules/", release, b"/", name]
                .iter()
                .all(|piece| path.push(piece))
            {
                return Err(Errno::NAMETOOLONG);
            }
            let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK;
            let file = root.open(path.as_bytes(), flags, Mode::empty())?;
            map_file(rustix::fd::AsFd::as_fd(&file))
        };
        let required = |name| Index::new(map(name).map_err(|_| Unreadable)?);
        let optional = |name| match map(name) {
            Ok(bytes) => Index::new(bytes),
            Err(Errno::NOENT) => Ok(Index::EMPTY),
            Err(_) => Err(Unreadable),
        };
        Ok(Self {
            dependencies: required(b"modules.dep.bin")?,
            aliases: required(b"modules.alias.bin")?,
            symbols: optional(b"modules.symbols.bin")?,
            builtin: optional(b"modules.builtin.bin")?,
            builtin_aliases: optional(b"modules.builtin.alias.bin")?,
            soft_dependencies: match map(b"modules.softdep") {
                Ok(text) => text,
                Err(Errno::NOENT) => &[],
                Err(_) => return Err(Unreadable),
            },
        })
    }
}

impl Catalogue<'_> {
    /// Tells `found` each module that `name` leads to, `false` with it, and
    /// each that modprobe loads beside those, `true` with it, in normal form:
    /// what they depend on, and what `modules.softdep` adds. The first index
    /// that knows the name decides, in modprobe's order; what modprobe.d(5)
    /// adds is not looked at.
    pub fn resolve(
        &self,
        name: &[u8],
        found: &mut dyn FnMut(&[u8], bool),
    ) -> Result<(), Unreadable> {
        let mut walk = Walk {
            found,
            depth: 0,
            left: SOFT_MAX,
        };
        self.follow(name, &mut walk)
    }

    fn follow(&self, name: &[u8], walk: &mut Walk<'_>) -> Result<(), Unreadable> {
        let mut buffer = [0; NAME_MAX];
        let Some(name) = normal(name, &mut buffer) else {
            return Ok(());
        };
        if !name.contains(&b':') && self.load(name, walk)? {
            return Ok(());
        }
        let mut known = false;
        let mut load = |_: u32, module: &[u8]| {
            known = true;
            self.load_or_name(module, walk)
        };
        if name.starts_with(b"symbol:") {
            self.symbols.find(name, &mut load)?;
        } else {
            self.aliases.search(name, &mut load)?;
        }
        if known {
            return Ok(());
        }
        self.builtin.find(name, &mut |_, _| {
            known = true;
            walk.tell(name, false);
            Ok(())
        })?;
        if known {
            return Ok(());
        }
        self.builtin_aliases.search(name, &mut |_, module| {
            walk.tell(module, false);
            Ok(())
        })
    }

    /// Tells a module by its normal name and what comes with it; `false` if
    /// there is no such module.
    fn load(&self, module: &[u8], walk: &mut Walk<'_>) -> Result<bool, Unreadable> {
        let mut known = false;
        self.dependencies.find(module, &mut |_, line| {
            known = true;
            walk.tell(module, false);
            self.soft(module, walk)?;
            let colon = line.iter().position(|byte| *byte == b':');
            let paths = line.get(colon.ok_or(Unreadable)? + 1..).unwrap_or(&[]);
            for path in words(paths) {
                let mut buffer = [0; NAME_MAX];
                let dependency = module_of(path, &mut buffer).ok_or(Unreadable)?;
                walk.tell(dependency, true);
                self.soft(dependency, walk)?;
            }
            Ok(())
        })?;
        Ok(known)
    }

    /// Tells what `softdep NAME pre: A post: B` adds to a module: the first
    /// line whose NAME matches counts, words before a marker do not.
    fn soft(&self, module: &[u8], walk: &mut Walk<'_>) -> Result<(), Unreadable> {
        // Soft dependencies may run in a circle; what is in it was told.
        if walk.depth > SOFT_DEPTH_MAX {
            return Ok(());
        }
        let mut lines = self
            .soft_dependencies
            .split(|byte| *byte == b'\n')
            .map(words);
        let line = lines.find_map(|mut words| {
            let mut buffer = [0; NAME_MAX];
            let is_softdep = words.next()? == b"softdep";
            let pattern = normal(words.next()?, &mut buffer)?;
            (is_softdep && glob::matches(pattern, module)).then_some(words)
        });
        let is_marker = |word: &&[u8]| matches!(*word, b"pre:" | b"post:");
        let added = line
            .into_iter()
            .flatten()
            .skip_while(|word| !is_marker(word));
        for name in added.filter(|word| !is_marker(word)) {
            walk.left = walk.left.checked_sub(1).ok_or(Unreadable)?;
            walk.depth += 1;
            self.follow(name, walk)?;
            walk.depth -= 1;
        }
        Ok(())
    }

    /// Tells what an alias leads to, also when there is no such module.
    fn load_or_name(&self, module: &[u8], walk: &mut Walk<'_>) -> Result<(), Unreadable> {
        if !self.load(module, walk)? {
            walk.tell(module, false);
        }
        Ok(())
    }
}

/// One request on its way through the indexes.
struct Walk<'f> {
    found: &'f mut dyn FnMut(&[u8], bool),
    /// How many soft dependencies led here.
    depth: u32,
    /// How many more may be followed.
    left: u32,
}

impl Walk<'_> {
    fn tell(&mut self, module: &[u8], dependency: bool) {
        (self.found)(module, dependency || self.depth > 0);
    }
}

/// The words of a line.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
pub(crate) mod tests;
