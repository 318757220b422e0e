// SPDX-License-Identifier: MIT OR Apache-2.0

//! Debian's linux-source-6.12, from which kernels with settings of ours are
//! built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::cache::Cache;
use crate::debian::Debian;
use crate::run::Run;

/// The package.
pub(super) const SOURCE: &str = "linux-source-6.12";

/// What the build never reads, a third of the tree: other architectures' code
/// (their Kconfig files are read), device trees, register tables.
const LEFT_OUT: &[&str] = &[
    "*/arch/[!x]*/*.[chS]",
    "*.dts",
    "*.dtsi",
    "*/drivers/gpu/drm/amd/include",
];

/// Unpacks the source of `package` into a directory.
pub(super) fn unpack(package: &Path, into: &Path) -> Result<PathBuf> {
    let archive = package.join(format!("usr/src/{SOURCE}.tar.xz"));
    let tar = Run::new("tar").dir(into);
    let tar = tar.args(
        LEFT_OUT
            .iter()
            .map(|pattern| format!("--exclude={pattern}")),
    );
    tar.arg("-xJf").arg(archive).read()?;
    Ok(into.join(SOURCE))
}

/// Linux's own tests of kmod, scripts for which nothing has to be built.
pub(super) fn selftests(cache: &Cache, debian: &Debian<'_>) -> Result<PathBuf> {
    let package = debian.tree(SOURCE)?;
    let version = package.file_name().context("a package's tree has a name")?;
    let name = format!("selftests-{}", version.display());
    cache.entry(&name, |partial| {
        let archive = package.join(format!("usr/src/{SOURCE}.tar.xz"));
        let tar = Run::new("tar").dir(partial);
        let tar = tar.arg("--strip-components=4").arg("-xJf").arg(archive);
        tar.arg(format!("{SOURCE}/tools/testing/selftests/kmod"))
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
