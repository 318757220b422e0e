// SPDX-License-Identifier: MIT OR Apache-2.0

//! Ours and Debian's kmod on all of a kernel's modules: the same indexes to
//! the byte, the same answers to thousands of names, the same words about
//! every module. Nothing is loaded: who runs here cannot.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::thread::CapabilitySet;

mod indexes;
mod info;
mod lookups;
mod names;
pub mod program;
mod scratch;

use program::Program;

/// What is compared, and on what.
pub struct Differential {
    /// Ours.
    pub ours: Program,
    /// What it is held to be equal to.
    pub reference: Program,
    /// Trees of the same modules in different forms: what is above
    /// `lib/modules`. Lookups are made in the first.
    pub trees: Vec<PathBuf>,
    /// A tree of them in the form that the reference cannot read.
    pub gzip_tree: Option<PathBuf>,
    /// The kernel of these modules.
    pub release: String,
    /// One name of so many is looked up.
    pub every: usize,
    /// Where a scratch directory can have links to the trees' files.
    pub scratch: PathBuf,
}

/// One comparison's result, for people.
pub struct Tally {
    /// What was compared.
    pub what: String,
    /// How often.
    pub compared: usize,
    /// How often the two differed for a listed reason.
    pub allowed: usize,
    /// How they differed without one.
    pub differ: Vec<String>,
}

impl Tally {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            compared: 0,
            allowed: 0,
            differ: Vec::new(),
        }
    }
}

impl Differential {
    /// Compares all there is and tells each result as it comes.
    pub fn run(&self, mut tell: impl FnMut(&Tally)) -> Result<()> {
        // Even a faulty program only looks.
        if rustix::process::geteuid().is_root() {
            rustix::thread::remove_capability_from_bounding_set(CapabilitySet::SYS_MODULE)
                .context("cannot give up CAP_SYS_MODULE")?;
        }
        for tree in &self.trees {
            tell(&indexes::of_tree(self, tree)?);
        }
        let first = self
            .trees
            .first()
            .context("there is no tree to compare on")?;
        if let Some(gzip) = &self.gzip_tree {
            tell(&indexes::of_gzip_tree(self, first, gzip)?);
        }
        for tally in indexes::of_changed_trees(self, first)? {
            tell(&tally);
        }
        let root = scratch::root(self, first)?;
        let names = names::of(&root.directory(&self.release), self.every)?;
        for tally in lookups::all(self, root.path(), &names)? {
            tell(&tally);
        }
        for tally in info::all(self, root.path(), &names.modules)? {
            tell(&tally);
        }
        Ok(())
    }
}
