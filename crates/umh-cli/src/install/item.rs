// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something to be placed in a tree, and how to tell whether it is there.

use std::io;
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Serialize};

use crate::hash;
use crate::tree::{Entry, Tree};

/// One thing to be placed.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where.
    pub path: String,
    /// What.
    pub kind: Kind,
    /// Whether something else at that path is fine too.
    pub optional: bool,
}

/// What is placed.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A directory, mode 0755.
    Directory,
    /// A regular file.
    File {
        /// Its permission bits.
        mode: u32,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
}

impl Item {
    /// A directory.
    pub fn directory(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            kind: Kind::Directory,
            optional: false,
        }
    }

    /// A regular file.
    pub fn file(path: &str, mode: u32, bytes: Vec<u8>) -> Self {
        Self {
            path: path.to_owned(),
            kind: Kind::File { mode, bytes },
            optional: false,
        }
    }

    /// A symbolic link.
    pub fn link(path: &str, target: &str) -> Self {
        Self {
            path: path.to_owned(),
            kind: Kind::Link {
                target: target.to_owned(),
            },
            optional: false,
        }
    }

    /// What the item looks like once it is there.
    pub fn state(&self) -> State {
        match &self.kind {
            Kind::Directory => State::Directory,
            Kind::File { mode, bytes } => State::File {
                sha256: hash::of(bytes),
                mode: *mode,
            },
            Kind::Link { target } => State::Link {
                target: target.clone(),
            },
        }
    }

    /// For a person: `mode 0700, 84 KiB`.
    pub fn detail(&self) -> String {
        match &self.kind {
            Kind::Directory => "directory".to_owned(),
            Kind::File { mode, bytes } if bytes.len() < 4096 => {
                format!("mode {mode:04o}, {} bytes", bytes.len())
            }
            Kind::File { mode, bytes } => format!("mode {mode:04o}, {} KiB", bytes.len() / 1024),
            Kind::Link { target } => format!("link to {target}"),
        }
    }
}

/// What is at a path: enough to tell whether it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum State {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// The hash of its content, in hexadecimal.
        sha256: String,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
    /// Something that umh never places.
    Other,
}

impl State {
    /// What is at `path` of `tree`, `None` if nothing is.
    pub fn of(tree: &Tree, path: &str) -> io::Result<Option<Self>> {
        Ok(match tree.entry(path)? {
            None => None,
            Some(Entry::Directory) => Some(Self::Directory),
            Some(Entry::Link(target)) => Some(match target.to_str() {
                Some(target) => Self::Link {
                    target: target.to_owned(),
                },
                None => Self::Link {
                    target: target.as_bytes().escape_ascii().to_string(),
                },
            }),
            Some(Entry::File(mode)) => Some(Self::File {
                sha256: hash::of_reader(tree.file(path)?)?,
                mode,
            }),
            Some(Entry::Other) => Some(Self::Other),
        })
    }
}
