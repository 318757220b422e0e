// SPDX-License-Identifier: MIT OR Apache-2.0

//! Linux as Debian packages its source, from which kernels with settings of
//! ours are built: 6.12, and what the unstable suite has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::cache::Cache;
use crate::debian::Debian;
use crate::run::Run;
use crate::say;

/// A package of source, unpacked.
pub(super) struct Source {
    /// Its name, which is also that of the folder in its archive.
    pub(super) name: String,
    package: PathBuf,
}

/// What builds never read, a third of the tree: the code of architectures but
/// x86 and um (their Kconfig files are read), device trees, register tables.
const LEFT_OUT: &[&str] = &[
    "*/arch/[!xu]*/*.[chS]",
    "*.dts",
    "*.dtsi",
    "*/drivers/gpu/drm/amd/include",
];

impl Source {
    /// Linux 6.12.
    pub(super) fn of_6_12(debian: &Debian<'_>) -> Result<Self> {
        Self::named("linux-source-6.12".into(), debian)
    }

    /// The newest that Debian unstable has.
    pub(super) fn of_unstable(cache: &Cache) -> Result<Self> {
        const KNOWN: &str = "linux-source-7.2";
        let debian = Debian::of(cache, "sid");
        let newest = debian.dependency(&["linux-source"], "linux-source-");
        // Who is offline may have it in the cache.
        let name = newest.unwrap_or_else(|_| KNOWN.into());
        if name != KNOWN {
            say::progress(format_args!(
                "Debian unstable has {name} now, and {KNOWN} no more, for which kernel/ was tried"
            ));
        }
        Self::named(name, &debian)
    }

    fn named(name: String, debian: &Debian<'_>) -> Result<Self> {
        let package = debian.tree(&name)?;
        Ok(Self { name, package })
    }

    /// What changes with the source.
    pub(super) fn key(&self) -> Result<&[u8]> {
        let version = self.package.file_name();
        let version = version.context("a package's tree has a name")?;
        Ok(version.as_encoded_bytes())
    }

    /// Unpacks it into a directory, as a folder of its name.
    pub(super) fn unpack(&self, into: &Path) -> Result<PathBuf> {
        let tar = Run::new("tar").dir(into);
        let tar = tar.args(
            LEFT_OUT
                .iter()
                .map(|pattern| format!("--exclude={pattern}")),
        );
        tar.arg("-xJf").arg(self.archive()).read()?;
        Ok(into.join(&self.name))
    }

    fn archive(&self) -> PathBuf {
        self.package.join(format!("usr/src/{}.tar.xz", self.name))
    }
}

/// Linux's own tests of kmod, scripts for which nothing has to be built.
pub(super) fn selftests(cache: &Cache, debian: &Debian<'_>) -> Result<PathBuf> {
    let source = Source::of_6_12(debian)?;
    let name = [b"selftests-", source.key()?].concat();
    cache.entry(&String::from_utf8_lossy(&name), |partial| {
        let tar = Run::new("tar").dir(partial);
        let tar = tar
            .args(["--strip-components=4", "-xJf"])
            .arg(source.archive());
        tar.arg(format!("{}/tools/testing/selftests/kmod", source.name))
            .read()
            .map(drop)
    })
}

/// `TEST_KMOD` selects two large file systems, only to have some module to
/// ask for. We name another one: several minutes less.
pub(super) fn drop_selects(kconfig: &Path) -> Result<()> {
    let text = fs::read_to_string(kconfig)?;
    let kept = text.lines().filter(|line| {
        let selects = ["select XFS_FS", "select BTRFS_FS"];
        !selects.contains(&line.trim())
    });
    let kept: Vec<&str> = kept.collect();
    Ok(fs::write(kconfig, kept.join("\n") + "\n")?)
}

/// Each line of the fragment must have taken, of several for one symbol the
/// last. Kconfig drops silently what depends on something that is missing.
pub(super) fn check(fragment: &str, config: &str) -> Result<()> {
    ensure!(!config.is_empty(), "make olddefconfig wrote no .config");
    let is_in = |line: &str| config.lines().any(|set| set == line);
    let mut wanted = BTreeMap::new();
    for line in fragment.lines() {
        if let Some(setting) = Setting::of(line) {
            wanted.insert(setting.symbol, setting);
        }
    }
    let lost = wanted.values().filter(|setting| match setting.off {
        true => ["y", "m"]
            .iter()
            .any(|value| is_in(&format!("{}={value}", setting.symbol))),
        false => !is_in(setting.line),
    });
    let lost: Vec<&str> = lost.map(|setting| setting.line).collect();
    if !lost.is_empty() {
        bail!(
            "the kernel's configuration refused\n  {}",
            lost.join("\n  ")
        );
    }
    Ok(())
}

/// A line of a fragment.
struct Setting<'a> {
    symbol: &'a str,
    off: bool,
    line: &'a str,
}

impl<'a> Setting<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let off = line
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_suffix(" is not set"));
        let symbol = match off {
            Some(symbol) => symbol,
            None => line.split_once('=').map(|(symbol, _)| symbol)?,
        };
        let is_symbol = symbol.starts_with("CONFIG_") && !symbol.contains(' ');
        is_symbol.then_some(Self {
            symbol,
            off: off.is_some(),
            line,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_that_did_not_take_is_told() {
        let config = "CONFIG_A=y\nCONFIG_C=m\n# CONFIG_D is not set\n";
        assert!(check("CONFIG_A=y\n# a comment\n# CONFIG_D is not set\n", config).is_ok());
        let error = check("CONFIG_B=y\n# CONFIG_C is not set\n", config).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("CONFIG_B=y\n  # CONFIG_C is not set")
        );
    }

    #[test]
    fn a_later_line_of_a_symbol_counts() {
        let fragment = "CONFIG_A=y\n# CONFIG_A is not set\nCONFIG_B=m\n";
        assert!(check(fragment, "CONFIG_B=m\n").is_ok());
        assert!(check(fragment, "CONFIG_A=y\nCONFIG_B=m\n").is_err());
    }
}
