// SPDX-License-Identifier: MIT OR Apache-2.0

//! The copies of usermode-helper: in the root and in the newest initramfs.

use std::io;

use serde::Serialize;

use crate::hash;
use crate::initramfs;
use crate::tree::Tree;

/// The copy in the root.
#[derive(Clone, Debug, Serialize)]
pub struct Installed {
    /// Where the kernel looks for it.
    pub path: String,
    /// Whether it is there.
    pub present: bool,
    /// Its permission bits, as `0700`.
    pub mode: Option<String>,
    /// Its hash, if it may be read.
    pub sha256: Option<String>,
}

/// The copy in the newest initramfs.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Early {
    /// The same file as in the root.
    Same {
        /// The image.
        image: String,
    },
    /// Another version.
    Different {
        /// The image.
        image: String,
    },
    /// There, and the one in the root cannot be compared.
    Present {
        /// The image.
        image: String,
    },
    /// Not there.
    Missing {
        /// The image.
        image: String,
    },
    /// Nobody looked, or the image cannot be read.
    Unread {
        /// The image, or what was to be looked for.
        image: String,
        /// Why.
        why: String,
    },
    /// There is no image.
    None,
}

impl Installed {
    /// Looks at `path`.
    pub fn find(tree: &Tree, path: &str) -> Self {
        let stat = tree.stat(path).ok();
        let sha256 = tree.file(path).and_then(hash::of_reader).ok();
        let mode = stat
            .as_ref()
            .map(|stat| format!("{:04o}", stat.st_mode & 0o7777));
        Self {
            path: path.to_owned(),
            present: stat.is_some(),
            mode,
            sha256,
        }
    }

    /// Whether only root can read it: the page cache of a file that users
    /// can open has been written to before.
    pub fn is_private(&self) -> bool {
        self.mode.as_deref().is_none_or(|mode| mode == "0700")
    }
}

impl Early {
    /// Looks into the newest image.
    pub fn find(tree: &Tree, installed: &Installed, quick: bool) -> Self {
        let images = match initramfs::images(tree) {
            Ok(images) => images,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::None,
            Err(error) => {
                return Self::Unread {
                    image: "/boot".to_owned(),
                    why: error.to_string(),
                };
            }
        };
        let Some(image) = images.into_iter().next() else {
            return Self::None;
        };
        if quick {
            return Self::Unread {
                image,
                why: "--quick".to_owned(),
            };
        }
        let found = tree
            .file(&image)
            .and_then(|file| initramfs::find(io::BufReader::new(file), &installed.path));
        match (found, &installed.sha256) {
            (Err(error), _) => Self::Unread {
                image,
                why: error.to_string(),
            },
            (Ok(None), _) => Self::Missing { image },
            (Ok(Some(_)), None) => Self::Present { image },
            (Ok(Some(found)), Some(hash)) if found.sha256 == *hash => Self::Same { image },
            (Ok(Some(_)), Some(_)) => Self::Different { image },
        }
    }
}
