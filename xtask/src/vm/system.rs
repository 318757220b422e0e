// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whole Debian systems: made by debootstrap, with umh installed or not, and
//! compared by what became of their boots.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use umh_vm::plan::{FAILED_UNITS, MODULES};

use crate::cache::{self, Cache};
use crate::debian;
use crate::run::Run;
use crate::say;
use crate::vm::image::Image;
use crate::vm::programs::{self, Programs};
use crate::vm::report::{Case, Report, Verdict};

/// Packs the system of `release` with `packages`, with umh installed by
/// `umh install --root` where `umh` says so. `scratch` is an empty directory.
pub(crate) fn add(
    archive: &mut dyn Image,
    cache: &Cache,
    (release, packages): (&str, &[&str]),
    programs: Option<&Programs>,
    scratch: &Path,
) -> Result<()> {
    let plain = made(cache, release, packages)?;
    let Some(programs) = programs else {
        return pack(archive, &plain, Path::new("/"));
    };
    let root = scratch.join("root");
    let copy = Run::new("cp").args(["--archive", "--reflink=auto"]);
    copy.arg(&plain).arg(&root).read()?;
    let install = Run::new(programs::build_umh()?).arg("install");
    let install = install.arg("--root").arg(&root).arg("--helper");
    install.arg(&programs.helper).read()?;
    pack(archive, &root, Path::new("/"))?;
    Ok(fs::remove_dir_all(&root)?)
}

/// The system as debootstrap makes it, made once.
fn made(cache: &Cache, release: &str, packages: &[&str]) -> Result<std::path::PathBuf> {
    let include = packages.join(",");
    let key = cache::key(&[release.as_bytes(), include.as_bytes()]);
    let entry = cache.entry(&format!("system-{release}-{key}"), |partial| {
        let root = partial.join("root");
        let mirror = debian::apt::mirror()?;
        say::step(&format!("make a system of Debian {release}"), || {
            // It mounts, in a namespace that ends with it.
            let run = Run::new("unshare").args(["--mount", "--propagation", "private"]);
            let run = run.args(["debootstrap", "--variant=minbase"]);
            let run = run.arg(format!("--include={include}")).arg(release);
            run.arg(&root)
                .arg(mirror)
                .logged(&partial.join("debootstrap.log"))
                .context("a whole system needs root to be made")
        })?;
        // Nobody is asked for a time zone at the first start.
        fs::write(root.join("etc/machine-id"), MACHINE_ID)?;
        for folder in LEFT_OUT {
            let folder = root.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
                fs::create_dir(&folder)?;
            }
        }
        Ok(())
    })?;
    Ok(entry.join("root"))
}

const MACHINE_ID: &str = "756d682d766d00000000000000000001\n";

/// What no boot reads, and what is mounted over.
const LEFT_OUT: &[&str] = &[
    "dev",
    "proc",
    "run",
    "sys",
    "usr/share/doc",
    "usr/share/i18n",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zoneinfo",
    "var/cache/apt",
    "var/lib/apt/lists",
];

/// Adds `root`'s `folder` and all below, parents first and links at the top
/// before what lies behind them.
fn pack(archive: &mut dyn Image, root: &Path, folder: &Path) -> Result<()> {
    let inside = |path: &Path| path.strip_prefix("/").unwrap_or(path).to_owned();
    let mut entries: Vec<_> = fs::read_dir(root.join(inside(folder)))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = folder.join(entry.file_name());
        let name = path.to_str().context("a path that is no text")?;
        let kind = entry.file_type()?;
        let mode = entry.metadata()?.permissions().mode() & 0o7777;
        if kind.is_dir() {
            archive.directory(name, mode);
            pack(archive, root, &path)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            let target = std::str::from_utf8(target.as_os_str().as_bytes())?;
            archive.link(name, target);
        } else if kind.is_file() {
            archive.file(name, mode, &fs::read(entry.path())?);
        } else {
            bail!("{name} is no file that goes into an archive");
        }
    }
    Ok(())
}

/// What the system with umh does otherwise than without.
pub(crate) fn compare(without: &Report, with: &Report) -> Vec<Case> {
    let cases = [
        ("attack_39_the_same_modules_are_loaded", MODULES),
        ("attack_39_the_same_units_fail", FAILED_UNITS),
    ];
    let case = |(name, file): (&str, &str)| {
        let verdict = match (told(without, file), told(with, file)) {
            (Some(before), Some(after)) if before == after => Verdict::Passed { milliseconds: 0 },
            (Some(before), Some(after)) => Verdict::Failed(difference(&before, &after)),
            _ => Verdict::Failed(format!("a boot told no {file}")),
        };
        let name = name.to_owned();
        Case { name, verdict }
    };
    cases.into_iter().map(case).collect()
}

fn told(report: &Report, name: &str) -> Option<String> {
    let (_, contents) = report.files.iter().find(|(file, _)| file == name)?;
    Some(String::from_utf8_lossy(contents).into_owned())
}

fn difference(before: &str, after: &str) -> String {
    let only = |one: &str, other: &str| {
        let lines = one
            .lines()
            .filter(|line| !other.lines().any(|l| l == *line));
        lines.collect::<Vec<_>>().join(", ")
    };
    format!(
        "only without umh: {}; only with: {}",
        only(before, after),
        only(after, before)
    )
}
