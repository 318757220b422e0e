// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a module name or alias leads to on this system: found once, for the
//! policy's filter and for the answer.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::OnceCell;

use rustix::fd::{AsRawFd as _, BorrowedFd, IntoRawFd as _, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use umh_modules::config::{self, Complaint, Config, Line, Sources};
use umh_modules::lookup::{Catalogue, Module};
use umh_modules::plan::{Plan, Request, Unplannable};
use umh_modules::system::System;
use umh_modules::tree::Tree;

use crate::sys::{PathBuffer, Root, map_file};

/// The modules of one kernel, read when something asks for them.
///
/// No memory is taken before [`Modules::wanted`]: what `heap` makes ready is
/// made ready then.
pub struct Modules<'r> {
    root: &'r Root,
    /// The directory that depmod wrote; the running kernel's if it is empty.
    tree: &'r [u8],
    heap: fn() -> rustix::io::Result<()>,
    ready: OnceCell<rustix::io::Result<()>>,
    wanted: OnceCell<Result<Wanted, Unknowable>>,
    cut: OnceCell<Result<Wanted, Unknowable>>,
}

/// What one name leads to.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The modules that it leads to.
    pub leads: Vec<Lead>,
    /// What is wrong with the lists and the configuration.
    pub complaints: Vec<String>,
}

/// One module that a name leads to.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The module.
    pub module: Module,
    /// What is to be done for it.
    pub plan: Plan,
    /// The line that keeps it from being loaded for an alias, if it was
    /// reached by one.
    pub blacklisted: Option<Line>,
}

/// Why nobody can tell what a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknowable {
    /// There is no memory.
    Memory(Errno),
    /// depmod(8) never ran for this kernel.
    NoTree,
    /// The lists contradict themselves.
    Lists(Unplannable),
}

impl<'r> Modules<'r> {
    /// The modules of the running kernel, below `root`.
    pub const fn running(root: &'r Root, heap: fn() -> rustix::io::Result<()>) -> Self {
        Self::of(root, b"", heap)
    }

    /// The modules of the tree at a path below `root`.
    pub const fn of(root: &'r Root, tree: &'r [u8], heap: fn() -> rustix::io::Result<()>) -> Self {
        Self {
            root,
            tree,
            heap,
            ready: OnceCell::new(),
            wanted: OnceCell::new(),
            cut: OnceCell::new(),
        }
    }

    /// What the name that the kernel asks for leads to. One process answers
    /// for one name: it is looked up once.
    pub fn wanted(&self, name: &[u8]) -> Result<&Wanted, &Unknowable> {
        self.wanted.get_or_init(|| self.find(name)).as_ref()
    }

    /// The same for that name as busybox cuts it.
    pub fn wanted_as_cut(&self, name: &[u8]) -> Result<&Wanted, &Unknowable> {
        self.cut.get_or_init(|| self.find(name)).as_ref()
    }

    fn find(&self, name: &[u8]) -> Result<Wanted, Unknowable> {
        let ready = *self.ready.get_or_init(self.heap);
        ready.map_err(Unknowable::Memory)?;
        let mut complaints = Vec::new();
        // The lines that modprobe passes over when it is called quietly are
        // passed over here.
        let complain = &mut |complaint: &Complaint<'_>| {
            if matches!(complaint, Complaint::Unreadable { .. }) {
                complaints.push(complaint.to_string());
            }
        };

        let tree = match self.tree {
            b"" => Tree::running(self.root),
            tree => Tree::new(self.root, tree.to_vec()),
        };
        let sources = Sources {
            paths: config::DIRECTORIES,
            tree: b"",
            command_line: None,
            weakdeps: false,
        };
        let config = Config::load(self.root, &sources, complain);
        let mut catalogue = Catalogue { tree, config };
        let found = catalogue
            .resolve(name)
            .map_err(|unreadable| Unknowable::Lists(Unplannable::Unreadable(unreadable)))?;
        if found.modules.is_empty() && catalogue.tree.is_missing() {
            return Err(Unknowable::NoTree);
        }
        if !found.modules.is_empty() {
            // Now the rest counts.
            let Catalogue { tree, config } = &mut catalogue;
            config.add_softdeps(self.root, tree.path(), complain);
            config.add_command_line(self.root, config::COMMAND_LINE, complain);
        }

        let mut leads = Vec::with_capacity(found.modules.len());
        for module in found.modules {
            let plan = catalogue
                .plan(&module, &Request::default())
                .map_err(Unknowable::Lists)?;
            let blacklisted = catalogue.config.blacklisted(&module.name);
            leads.push(Lead {
                blacklisted: blacklisted.filter(|_| module.alias.is_some()).cloned(),
                module,
                plan,
            });
        }
        let broken = catalogue.tree.broken();
        complaints.extend(broken.map(|file| {
            let mut text = umh_modules::bytes::Text(&file).to_string();
            text.push_str(": contradicts itself, its text is read instead; run depmod(8)");
            text
        }));
        Ok(Wanted { leads, complaints })
    }
}

impl System for Root {
    fn open(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        Self::open(self, path, flags, Mode::empty())
    }

    fn map(&self, file: BorrowedFd<'_>) -> rustix::io::Result<&'static [u8]> {
        map_file(file)
    }

    fn link(&self, path: &[u8]) -> rustix::io::Result<Vec<u8>> {
        let mut target = PathBuffer::new();
        target.read_link(self, path)?;
        Ok(target.as_bytes().to_vec())
    }

    /// A few are left to the end of the process, which comes soon.
    fn close(&self, file: OwnedFd) {
        const FEW: i32 = 64;
        if matches!(self, Self::System) && file.as_raw_fd() < FEW {
            let _ = file.into_raw_fd();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
