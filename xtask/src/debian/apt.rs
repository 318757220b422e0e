// SPDX-License-Identifier: MIT OR Apache-2.0

//! apt, as the machine has it or with a state of its own beside it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run::Run;
use crate::say;

/// The keys of Debian's archive, from package debian-archive-keyring.
pub(crate) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// One configuration of apt.
pub(crate) struct Apt {
    /// This release alone; `None` for the machine's settings.
    suite: Option<&'static str>,
    /// For its own files.
    dir: PathBuf,
    ready: OnceCell<()>,
    /// What `apt-cache show` said of each package.
    stanzas: RefCell<HashMap<String, String>>,
}

impl Apt {
    /// As `apt-get` is configured here.
    pub(crate) fn machine(dir: PathBuf) -> Self {
        Self {
            suite: None,
            dir,
            ready: OnceCell::new(),
            stanzas: RefCell::default(),
        }
    }

    /// Debian's `suite` from the machine's mirror, with lists and settings in
    /// `dir`, so that nothing is changed and no root is needed.
    pub(crate) fn release(dir: PathBuf, suite: &'static str) -> Self {
        Self {
            suite: Some(suite),
            ..Self::machine(dir)
        }
    }

    /// The newest version of `package`, if there is one.
    pub(crate) fn version(&self, package: &str) -> Result<Option<String>> {
        self.field(package, "Version: ")
    }

    /// The names that `package` depends on, without versions and alternatives.
    pub(crate) fn depends(&self, package: &str) -> Result<Vec<String>> {
        let depends = self.field(package, "Depends: ")?.unwrap_or_default();
        let name = |word: &str| word.split_whitespace().next().map(str::to_owned);
        Ok(depends.split(',').filter_map(name).collect())
    }

    /// Puts the package file of that version into `dir`.
    pub(crate) fn download(&self, package: &str, version: &str, dir: &Path) -> Result<()> {
        // Its own user may not write into the cache of ours.
        let run = self
            .run("apt-get")?
            .args(["-o", "APT::Sandbox::User=root", "download"]);
        let run = run.arg(format!("{package}={version}")).dir(dir);
        run.read().map(drop).inspect_err(|_| {
            // Lists of its own may be old; the next run reads them again.
            if self.suite.is_some() {
                let _ = fs::remove_file(self.list());
            }
        })
    }

    fn field(&self, package: &str, key: &str) -> Result<Option<String>> {
        let known = self.stanzas.borrow().get(package).cloned();
        let stanza = match known {
            Some(stanza) => stanza,
            None => {
                let show = self
                    .run("apt-cache")?
                    .args(["show", "--no-all-versions", package]);
                // An unknown package is an error of apt-cache, and here an answer.
                let stanza = show.read().unwrap_or_default();
                let mut stanzas = self.stanzas.borrow_mut();
                stanzas.insert(package.to_owned(), stanza.clone());
                stanza
            }
        };
        let value = stanza.lines().find_map(|line| line.strip_prefix(key));
        Ok(value.map(str::to_owned))
    }

    fn run(&self, program: &str) -> Result<Run> {
        if self.ready.get().is_none() {
            self.prepare()?;
            let _ = self.ready.set(());
        }
        Ok(Run::new(program).args(self.options()))
    }

    fn options(&self) -> Vec<String> {
        let set = |key: &str, path: &str| format!("-o{key}={}", self.dir.join(path).display());
        // Container images switch apt's own cache off, and each question then
        // reads all lists.
        let mut options = vec![
            set("Dir::Cache::pkgcache", "pkgcache.bin"),
            set("Dir::Cache::srcpkgcache", "srcpkgcache.bin"),
        ];
        if self.suite.is_some() {
            options.extend([
                set("Dir::State", "state"),
                set("Dir::Cache", "cache"),
                set("Dir::Etc::SourceList", "sources.list"),
                "-oDir::Etc::SourceParts=-".into(),
                "-oAPT::Sandbox::User=root".into(),
            ]);
        }
        options
    }

    fn list(&self) -> PathBuf {
        self.dir.join("sources.list")
    }

    fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.dir)?;
        let Some(suite) = self.suite else {
            return Ok(());
        };
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(self.dir.join(part))?;
        }
        let sources = sources(&mirrors()?, suite)?;
        let list = self.list();
        if fs::read_to_string(&list).is_ok_and(|text| text == sources) {
            return Ok(());
        }
        fs::write(&list, &sources)?;
        let update = || {
            Run::new("apt-get")
                .args(self.options())
                .arg("update")
                .read()
        };
        let updated = say::step(&format!("read the lists of Debian {suite}"), update);
        if updated.is_err() {
            fs::remove_file(&list)?;
        }
        updated.map(drop)
    }
}

impl fmt::Display for Apt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.suite {
            Some(suite) => write!(f, "Debian {suite}"),
            None => f.write_str("the machine's own apt configuration"),
        }
    }
}

/// The addresses that the machine gets its packages from, whether or not it
/// has read their lists yet.
fn mirrors() -> Result<String> {
    let run = Run::new("apt-get").args(["indextargets", "--no-release-info"]);
    run.args(["--format", "$(REPO_URI)"]).read()
}

/// The address of Debian's archive that the machine uses.
pub(crate) fn mirror() -> Result<String> {
    Ok(ending(&mirrors()?, "/debian")
        .context(NO_MIRROR)?
        .to_owned())
}

const NO_MIRROR: &str = "apt is configured with no mirror of Debian's archive";

fn ending<'a>(mirrors: &'a str, end: &str) -> Option<&'a str> {
    let mut mirrors = mirrors.lines();
    mirrors.find(|mirror| mirror.trim_end_matches('/').ends_with(end))
}

/// A source list for `suite` from whichever of `mirrors` are Debian's.
fn sources(mirrors: &str, suite: &str) -> Result<String> {
    let main = ending(mirrors, "/debian").context(NO_MIRROR)?;
    let mut list = format!("deb [signed-by={KEYRING}] {main} {suite} main\n");
    // Unstable has no updates beside itself.
    let security = ending(mirrors, "/debian-security").filter(|_| suite != "sid");
    if let Some(security) = security {
        list += &format!("deb [signed-by={KEYRING}] {security} {suite}-security main\n");
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_list_names_the_machines_mirrors() {
        let mirrors = "https://a/x\nhttps://b/debian/\nhttps://c/debian-security/\n";
        let list = sources(mirrors, "bookworm").unwrap();
        assert!(list.contains("https://b/debian/ bookworm main\n"), "{list}");
        assert!(
            list.contains("https://c/debian-security/ bookworm-security main\n"),
            "{list}"
        );
        assert!(sources("https://a/ubuntu/\n", "sid").is_err());
    }
}
