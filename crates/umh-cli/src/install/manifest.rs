// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `umh install` placed, so that an upgrade replaces and `umh uninstall`
//! removes exactly that. Written before the first file is placed and again
//! after the last: a machine that loses power in between knows both the old
//! and the new state of each file as its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::install::item::State;
use crate::paths;
use crate::tree::Tree;

/// The format that this umh writes.
const VERSION: u32 = 1;

/// The list of what was placed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// By path, the states that are ours; one, or two during an upgrade.
    pub items: BTreeMap<String, Vec<State>>,
    /// By sysctl, the value that it had before.
    pub settings: BTreeMap<String, String>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            version: VERSION,
            items: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Reads the list; an empty one if nothing was installed.
    pub fn load(tree: &Tree) -> Result<Self, Failure> {
        let shown = tree.show(paths::MANIFEST);
        let bytes = match tree.read(paths::MANIFEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Failure::io("read", shown, &error)),
        };
        let broken = |why: &dyn std::fmt::Display| {
            let remedy = "move it away; the next `umh install` then takes each file that it finds for foreign";
            Failure::wrong(
                format!("{shown} is not a list of placed files: {why}"),
                remedy,
            )
        };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
        if manifest.version != VERSION {
            return Err(broken(&format!(
                "version {}, this umh knows {VERSION}",
                manifest.version
            )));
        }
        match manifest.items.keys().find(|path| !plain(path)) {
            Some(path) => Err(broken(&format!("it names {path}"))),
            None => Ok(manifest),
        }
    }

    /// The file's content.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether umh placed what is at `path` now.
    pub fn owns(&self, path: &str, state: &State) -> bool {
        self.items
            .get(path)
            .is_some_and(|states| states.contains(state))
    }

    /// Whether nothing was installed.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Whether `path` is absolute, without steps up.
fn plain(path: &str) -> bool {
    path.strip_prefix('/')
        .is_some_and(|path| path.split('/').all(|name| !matches!(name, "" | "." | "..")))
}
