// SPDX-License-Identifier: MIT OR Apache-2.0

//! depmod: every file of text and every binary index, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::scratch::{Scratch, depmod, directory};
use super::{Differential, Program, Tally};
use crate::module::Module;

/// The indexes of `tree` as it is.
pub(super) fn of_tree(all: &Differential, tree: &Path) -> Result<Tally> {
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let mut tally = Tally::new(format!("depmod of {name}"));
    compare(all, tree, None, &mut tally)?;
    Ok(tally)
}

/// The indexes of `gzip`, which Debian's kmod does not read, are those of
/// `tree`, which has the same modules uncompressed, but for the names of files.
pub(super) fn of_gzip_tree(all: &Differential, tree: &Path, gzip: &Path) -> Result<Tally> {
    let mut tally = Tally::new("depmod of gzip, but for modules.dep.bin");
    let mut theirs = indexes(all, &all.reference, tree, None)?;
    theirs.remove("modules.dep.bin");
    if let Some(dependencies) = theirs.get_mut("modules.dep") {
        let text = String::from_utf8_lossy(dependencies).into_owned();
        // Each is followed by a colon, a blank or the end of its line.
        let text = text.replace(".ko:", ".ko.gz:").replace(".ko ", ".ko.gz ");
        *dependencies = text.replace(".ko\n", ".ko.gz\n").into_bytes();
    }
    match indexes(all, &all.ours, gzip, None) {
        Ok(ours) => same(&ours, &theirs, &mut tally),
        Err(error) => tally.differ.push(format!("{error:#}")),
    }
    Ok(tally)
}

/// The indexes of `tree` with modules that no list has, with duplicates, and
/// as files of depmod.d have it.
pub(super) fn of_changed_trees(all: &Differential, tree: &Path) -> Result<Vec<Tally>> {
    let changed = Scratch::new(all)?;
    copy(&tree.join("lib"), changed.path())?;
    let directory = changed.directory(&all.release);
    let mut known = Vec::new();
    modules(&directory.join("kernel"), &mut known)?;
    known.sort();

    // Out of every order that a directory or a list could have.
    for number in 0..20_u32 {
        let name = format!("x{:04x}_{number}", number.wrapping_mul(40503) & 0xffff);
        let module = Module {
            alias: vec![format!("extra:{number}*")],
            ..Module::default()
        };
        let path = directory.join("extra").join(format!("{name}.ko"));
        write(&path, &module.image(&name)?)?;
    }
    let mut extra = Tally::new("depmod with 20 modules that modules.order lacks");
    compare(all, changed.path(), None, &mut extra)?;

    // Every 211th module again, where updates are and where they are not.
    for path in known.iter().step_by(211) {
        let name = path.file_name().unwrap_or_default();
        for folder in ["updates", "weak-updates"] {
            let place = directory.join(folder).join(name);
            fs::create_dir_all(directory.join(folder))?;
            fs::copy(path, place)?;
        }
    }
    let mut updates = Tally::new("depmod with duplicates in updates/");
    let config = changed.path().join("none.conf");
    write(&config, b"exclude weak-updates\n")?;
    compare(all, changed.path(), Some(&config), &mut updates)?;

    let outside = changed.path().join("outside");
    for path in known.iter().skip(7).step_by(997) {
        write(
            &outside.join(path.file_name().unwrap_or_default()),
            &fs::read(path)?,
        )?;
    }
    let text = format!(
        "search external weak-updates built-in updates\nexternal * {}\n\
         exclude extra\noverride {} * updates\n",
        outside.display(),
        stem(known.get(211)),
    );
    let config = changed.path().join("all.conf");
    write(&config, text.as_bytes())?;
    let mut configured = Tally::new("depmod with search, override, external and exclude");
    compare(all, changed.path(), Some(&config), &mut configured)?;
    Ok(vec![extra, updates, configured])
}

fn compare(
    all: &Differential,
    tree: &Path,
    config: Option<&Path>,
    tally: &mut Tally,
) -> Result<()> {
    let theirs = indexes(all, &all.reference, tree, config)?;
    ensure!(!theirs.is_empty(), "the reference made no indexes");
    match indexes(all, &all.ours, tree, config) {
        Ok(ours) => same(&ours, &theirs, tally),
        Err(error) => tally.differ.push(format!("{error:#}")),
    }
    Ok(())
}

/// By name and content.
type Files = BTreeMap<String, Vec<u8>>;

fn same(ours: &Files, theirs: &Files, tally: &mut Tally) {
    for (name, expected) in theirs {
        tally.compared += 1;
        match ours.get(name) {
            None => tally.differ.push(format!("{name} is not there")),
            Some(found) if found != expected => tally.differ.push(format!(
                "{name}: {} bytes instead of {}, other from byte {}",
                found.len(),
                expected.len(),
                found
                    .iter()
                    .zip(expected)
                    .take_while(|(one, other)| one == other)
                    .count()
            )),
            Some(_) => {}
        }
    }
}

fn indexes(
    all: &Differential,
    program: &Program,
    tree: &Path,
    config: Option<&Path>,
) -> Result<Files> {
    let out = Scratch::new(all)?;
    fs::create_dir_all(out.directory(&all.release))?;
    let config = config.unwrap_or(Path::new("/dev/null"));
    depmod(
        program,
        &[
            "-b".as_ref(),
            tree,
            "-o".as_ref(),
            out.path(),
            "-C".as_ref(),
            config,
            all.release.as_ref(),
        ],
    )?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory(out.path(), &all.release))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs::read(entry.path())?);
    }
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-al").arg(from).arg(to).status()?;
    ensure!(
        copied.success(),
        "cp -al {} {}",
        from.display(),
        to.display()
    );
    Ok(())
}

fn modules(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            modules(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn stem(path: Option<&PathBuf>) -> String {
    let name = path.and_then(|path| path.file_name()).unwrap_or_default();
    crate::world::stem(&name.to_string_lossy())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, content)?)
}
