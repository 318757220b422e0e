// SPDX-License-Identifier: MIT OR Apache-2.0

//! Carrying a plan out: each file appears whole or not at all.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::failure::Failure;
use crate::install::item::{Item, Kind, State};
use crate::install::manifest::Manifest;
use crate::install::plan::{Act, Plan, Step};
use crate::paths;
use crate::tree::Tree;

/// Takes the steps of `plan`; `settings` are the values to go back to one
/// day. What `manifest` says of other paths stays.
pub fn carry_out(
    tree: &Tree,
    plan: &Plan,
    mut manifest: Manifest,
    settings: BTreeMap<String, String>,
) -> Result<(), Failure> {
    for (name, before) in settings {
        // The first value is the one that was there before umh.
        manifest.settings.entry(name).or_insert(before);
    }
    claim(&mut manifest, plan);
    // The directory of the manifest is the first that is placed.
    let (first, rest) = plan
        .steps
        .split_first()
        .map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    first.map_or(Ok(()), |step| take(tree, step))?;
    save(tree, &manifest)?;
    rest.iter().try_for_each(|step| take(tree, step))?;
    settle(&mut manifest, plan);
    save(tree, &manifest)
}

/// Takes one step.
pub fn take(tree: &Tree, step: &Step) -> Result<(), Failure> {
    let (act, done) = match (step.act, &step.item) {
        (Act::Create | Act::Replace, Some(item)) => ("place", put(tree, item)),
        (Act::Remove, _) => ("remove", remove(tree, &step.path)),
        _ => return Ok(()),
    };
    done.map_err(|error| Failure::io(act, tree.show(&step.path), &error))
}

/// Adds the new states beside the old ones.
fn claim(manifest: &mut Manifest, plan: &Plan) {
    for Step {
        act, path, item, ..
    } in &plan.steps
    {
        if let (Act::Create | Act::Replace, Some(item)) = (act, item) {
            let states = manifest.items.entry(path.clone()).or_default();
            let new = item.state();
            if !states.contains(&new) {
                states.push(new);
            }
        }
    }
}

/// Drops the old states, and what was removed or now belongs to others.
fn settle(manifest: &mut Manifest, plan: &Plan) {
    for Step {
        act, path, item, ..
    } in &plan.steps
    {
        match (act, item) {
            (Act::Create | Act::Replace, Some(item)) => {
                manifest.items.insert(path.clone(), vec![item.state()]);
            }
            (Act::Remove | Act::Leave, _) => {
                manifest.items.remove(path);
            }
            (Act::Keep, Some(item)) => {
                // What was there before umh came is not ours.
                if let Some(states) = manifest.items.get_mut(path) {
                    *states = vec![item.state()];
                }
            }
            _ => {}
        }
    }
}

fn save(tree: &Tree, manifest: &Manifest) -> Result<(), Failure> {
    let item = Item::file(paths::MANIFEST, 0o644, manifest.to_bytes()?);
    let saved = State::of(tree, paths::MANIFEST).and_then(|state| match state {
        Some(state) if state == item.state() => Ok(()),
        _ => put(tree, &item),
    });
    saved.map_err(|error| Failure::io("write", tree.show(paths::MANIFEST), &error))
}

/// Places `item`, in one step for whoever looks: made under another name in
/// the same directory, on disk, then renamed.
fn put(tree: &Tree, item: &Item) -> io::Result<()> {
    let (directory, name) = tree.parent(&item.path)?;
    let mut hidden = OsString::from(".");
    hidden.push(&name);
    hidden.push(format!(".{}", std::process::id()));
    // Left over by an installation that was cut off, if anything.
    let _ = rustix::fs::unlinkat(&directory, &hidden, AtFlags::empty());
    match &item.kind {
        Kind::Directory => {
            rustix::fs::mkdirat(&directory, &name, Mode::from_raw_mode(0o755))?;
            // Whatever the umask says.
            rustix::fs::chmodat(
                &directory,
                &name,
                Mode::from_raw_mode(0o755),
                AtFlags::empty(),
            )?;
        }
        Kind::Link { target } => {
            rustix::fs::symlinkat(target.as_str(), &directory, &hidden)?;
            rename(&directory, &hidden, &name)?;
        }
        Kind::File { mode, bytes } => {
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = rustix::fs::openat(&directory, &hidden, flags, Mode::from_raw_mode(0o600))?;
            let written =
                fill(file, *mode, bytes).and_then(|()| rename(&directory, &hidden, &name));
            if written.is_err() {
                // The error that made it useless is the one to tell.
                let _ = rustix::fs::unlinkat(&directory, &hidden, AtFlags::empty());
            }
            written?;
        }
    }
    Ok(())
}

fn fill(file: OwnedFd, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::from(file);
    file.write_all(bytes)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    file.sync_all()
}

fn rename(directory: &impl AsFd, from: &OsStr, to: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::renameat(directory, from, directory, to)?)
}

/// Removes what is at `path`; a directory only when it is empty.
fn remove(tree: &Tree, path: &str) -> io::Result<()> {
    let (directory, name) = tree.parent(path)?;
    let flags = match State::of(tree, path)? {
        None => return Ok(()),
        Some(State::Directory) => AtFlags::REMOVEDIR,
        Some(_) => AtFlags::empty(),
    };
    match rustix::fs::unlinkat(&directory, &name, flags) {
        // Others have put something there.
        Err(rustix::io::Errno::NOTEMPTY | rustix::io::Errno::EXIST) => Ok(()),
        result => Ok(result?),
    }
}
