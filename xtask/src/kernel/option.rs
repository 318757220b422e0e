// SPDX-License-Identifier: MIT OR Apache-2.0

//! `option-6.12`: Debian's linux-source-6.12, `make tinyconfig` and the
//! fragment `tests/vm/kernels/option-6.12.config`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use umh_vm::plan::Kernel;

use crate::cache::{self, Cache};
use crate::debian::Debian;
use crate::kernel::{Files, depmod, release_in};
use crate::run::Run;
use crate::say;

const SOURCE: &str = "linux-source-6.12";

/// A new value makes everyone build again: for changes to [`build`].
const RECIPE: &[u8] = b"1";

/// What the build never reads, a third of the tree: other architectures' code
/// (their Kconfig files are read), device trees, register tables.
const LEFT_OUT: &[&str] = &[
    "*/arch/[!x]*/*.[chS]",
    "*.dts",
    "*.dtsi",
    "*/drivers/gpu/drm/amd/include",
];

/// Builds it once for each version of the source and of the fragment.
pub(super) fn ready(cache: &Cache, debian: &Debian<'_>) -> Result<Files> {
    let fragment = crate::root().join("tests/vm/kernels/option-6.12.config");
    let text =
        fs::read(&fragment).with_context(|| format!("cannot read {}", fragment.display()))?;
    let source = debian.tree(SOURCE)?;
    let version = source.file_name().context("a package's tree has a name")?;

    let key = cache::key(&[version.as_encoded_bytes(), &text, RECIPE]);
    let base = cache.entry(&format!("option-6.12-{key}"), |partial| {
        say::step(
            "build option-6.12 (about 5 minutes on 2 cores, once)",
            || build(&source, &fragment, partial),
        )
    })?;

    Ok(Files {
        kernel: Kernel::Option612,
        image: base.join("bzImage"),
        release: release_in(&base)?,
        headers: base.join("headers"),
        base,
    })
}

fn build(package: &Path, fragment: &Path, into: &Path) -> Result<()> {
    let log = into.join("build.log");
    let source = unpack(package, into)?;
    drop_selects(&source.join("lib/Kconfig.debug"))?;

    let objects = into.join("objects");
    fs::create_dir(&objects)?;
    let make = || Run::new("make").dir(&objects);
    let tiny = Run::new("make").dir(&source).arg("-s");
    tiny.arg(format!("O={}", objects.display()))
        .arg("tinyconfig")
        .logged(&log)?;
    let merge = Run::new(source.join("scripts/kconfig/merge_config.sh")).dir(&objects);
    merge.args(["-m", ".config"]).arg(fragment).logged(&log)?;
    make().args(["-s", "olddefconfig"]).logged(&log)?;
    check(
        &fs::read_to_string(fragment)?,
        &fs::read_to_string(objects.join(".config"))?,
    )?;

    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    make()
        .args([&format!("-j{jobs}"), "bzImage", "modules"])
        .logged(&log)?;

    let install = format!("INSTALL_MOD_PATH={}", into.display());
    make()
        .args(["-s", &install, "DEPMOD=true", "modules_install"])
        .logged(&log)?;
    let headers = into.join("headers");
    let script = "$(srctree)/scripts/package/install-extmod-build";
    let command = format!("KBUILD_RUN_COMMAND={script} {}", headers.display());
    make().args(["-s", "run-command", &command]).logged(&log)?;
    fs::copy(objects.join("arch/x86/boot/bzImage"), into.join("bzImage"))?;
    fs::copy(objects.join(".config"), into.join("config"))?;

    let release = release_in(into)?;
    fs::remove_file(into.join("lib/modules").join(&release).join("build"))?;
    depmod(into, &release)?;
    fs::remove_dir_all(&objects)?;
    Ok(fs::remove_dir_all(&source)?)
}

fn unpack(package: &Path, into: &Path) -> Result<PathBuf> {
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

/// `TEST_KMOD` selects two large file systems, only to have some module to
/// ask for. We name another one: several minutes less.
fn drop_selects(kconfig: &Path) -> Result<()> {
    let text = fs::read_to_string(kconfig)?;
    let kept = text.lines().filter(|line| {
        let selects = ["select XFS_FS", "select BTRFS_FS"];
        !selects.contains(&line.trim())
    });
    let kept: Vec<&str> = kept.collect();
    Ok(fs::write(kconfig, kept.join("\n") + "\n")?)
}

/// Each line of the fragment must have taken. Kconfig drops silently what
/// depends on something that is missing.
fn check(fragment: &str, config: &str) -> Result<()> {
    let is_in = |line: &str| config.lines().any(|set| set == line);
    let mut lost = Vec::new();
    for line in fragment.lines() {
        let off = line
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_suffix(" is not set"));
        match off {
            Some(symbol) => {
                let on = |value: &str| is_in(&format!("{symbol}={value}"));
                if on("y") || on("m") {
                    lost.push(line);
                }
            }
            None if line.starts_with("CONFIG_") && !is_in(line) => lost.push(line),
            None => {}
        }
    }
    ensure!(!config.is_empty(), "make olddefconfig wrote no .config");
    if !lost.is_empty() {
        bail!(
            "the kernel's configuration refused\n  {}",
            lost.join("\n  ")
        );
    }
    Ok(())
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
}
