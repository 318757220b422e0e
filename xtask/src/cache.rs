// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is fetched or built once: outside `target/`, so that `cargo clean`
//! and a fresh clone cost no download.
//!
//! Each entry's name says its content (a package and its version, a hash of
//! what went into a build), so an entry is never out of date, only unused.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// `$XDG_CACHE_HOME/umh` or `~/.cache/umh`.
pub(crate) struct Cache(PathBuf);

impl Cache {
    /// The user's.
    pub(crate) fn open() -> Result<Self> {
        let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
        let base = base
            .filter(|base| base.is_absolute())
            .or_else(home)
            .context("neither XDG_CACHE_HOME nor HOME says where the cache is")?;
        Self::at(base.join("umh"))
    }

    fn at(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(dir.join(LOCKS))
            .with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// A path in it that the caller looks after.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The directory `name`, filled on first use. It is filled under another
    /// name and then renamed, so it is there whole or not at all; a second
    /// process waits for the first.
    pub(crate) fn entry(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let entry = self.0.join(name);
        if entry.exists() {
            return Ok(entry);
        }
        let lock = File::create(self.0.join(LOCKS).join(name))
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| format!("cannot lock {}", entry.display()))?;
        if entry.exists() {
            return Ok(entry);
        }
        let partial = self.0.join(format!("{name}.partial"));
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir(&partial)?;
        fill(&partial)?;
        fs::rename(&partial, &entry)?;
        drop(lock);
        Ok(entry)
    }

    /// The newest entry whose name starts so, for those who are offline.
    pub(crate) fn newest(&self, prefix: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.0).ok()?.flatten();
        let fits = |name: &str| name.starts_with(prefix) && !name.ends_with(".partial");
        entries
            .filter(|entry| entry.file_name().to_str().is_some_and(fits))
            .max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok())
            .map(|entry| entry.path())
    }
}

/// The folder of the files that processes lock.
const LOCKS: &str = "locks";

/// A short name for `parts`. Should a new compiler hash otherwise, the entry
/// is made once more.
pub(crate) fn key(parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_filled_once_and_a_failed_one_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("cache")).unwrap();
        let failed = cache.entry("a", |partial| {
            fs::write(partial.join("half"), b"x")?;
            anyhow::bail!("no space")
        });
        assert!(failed.is_err());

        let filled = cache.entry("a", |partial| {
            assert!(!partial.join("half").exists());
            Ok(fs::write(partial.join("whole"), b"x")?)
        });
        assert!(filled.unwrap().join("whole").exists());

        let again = cache.entry("a", |_| panic!("it is there already"));
        assert_eq!(again.unwrap(), cache.path("a"));
        assert_eq!(cache.newest("a"), Some(cache.path("a")));
    }

    #[test]
    fn a_key_depends_on_each_part() {
        assert_eq!(key(&[b"a", b"b"]), key(&[b"a", b"b"]));
        assert_ne!(key(&[b"a", b"b"]), key(&[b"ab", b""]));
    }
}
