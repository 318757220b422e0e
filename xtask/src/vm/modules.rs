// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kernel modules that go into a guest, with indexes of just these or of
//! all that the kernel has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use umh_vm::contents::Modules;

use crate::kernel::{Files, depmod};
use crate::vm::image::Image;

/// Adds `/lib/modules/RELEASE` to `archive`. `scratch` is an empty directory.
pub(crate) fn add(
    archive: &mut dyn Image,
    files: &Files,
    which: Modules,
    scratch: &Path,
) -> Result<()> {
    let source = files.modules();
    let dependencies = read(&source.join("modules.dep"))?;
    let built_in = read(&source.join("modules.builtin"))?;
    let chosen = match which {
        Modules::All => every(&dependencies),
        Modules::Named(names) | Modules::Indexed(names) => closure(names, &dependencies, &built_in)
            .with_context(|| format!("modules of {}", files.kernel.name()))?,
    };

    let indexed = match which {
        Modules::Indexed(_) => source.clone(),
        Modules::All | Modules::Named(_) => index(files, &chosen, scratch)?,
    };
    let indexes = fs::read_dir(&indexed)?
        .flatten()
        .filter(|entry| entry.path().is_file());
    let indexes = indexes.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let indexes = indexes.map(|name| (indexed.join(&name), name));
    let modules = chosen.iter().map(|name| (source.join(name), name.clone()));
    for (from, name) in indexes.chain(modules) {
        let path = format!("/lib/modules/{}/{name}", files.release);
        let contents =
            fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        archive.file(&path, 0o644, &contents);
    }
    Ok(())
}

/// Where the indexes of these modules alone are then.
fn index(files: &Files, modules: &BTreeSet<String>, scratch: &Path) -> Result<PathBuf> {
    // depmod reads these beside the modules themselves.
    let lists = [
        "modules.builtin",
        "modules.builtin.modinfo",
        "modules.order",
    ];
    let source = files.modules();
    let tree = scratch.join("lib/modules").join(&files.release);
    for path in modules.iter().map(String::as_str).chain(lists) {
        let copy = tree.join(path);
        fs::create_dir_all(copy.parent().unwrap_or(&tree))?;
        fs::copy(source.join(path), &copy)
            .with_context(|| format!("cannot copy module file {path}"))?;
    }
    depmod(scratch, &files.release)?;
    Ok(tree)
}

fn every(dependencies: &str) -> BTreeSet<String> {
    let paths = dependencies.lines().filter_map(|line| line.split_once(':'));
    paths.map(|(path, _)| path.to_owned()).collect()
}

/// The files of `names` and of what they depend on: `modules.dep` has both,
/// `PATH: PATH PATH ...`, with the whole chain in each line.
fn closure(names: &[&str], dependencies: &str, built_in: &str) -> Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    for name in names {
        let mut lines = dependencies.lines().filter_map(|line| line.split_once(':'));
        if let Some((path, needed)) = lines.find(|(path, _)| is_module(path, name)) {
            paths.insert(path.to_owned());
            paths.extend(needed.split_whitespace().map(str::to_owned));
        } else if !built_in.lines().any(|path| is_module(path, name)) {
            bail!("there is no module {name}");
        }
    }
    Ok(paths)
}

/// Whether `path` is the file of module `name`; `-` and `_` are the same.
fn is_module(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split(".ko").next().unwrap_or(file);
    stem.replace('-', "_") == name.replace('-', "_")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: &str = "kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz\nkernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz\nkernel/net/can/can-raw.ko.xz:\n";

    #[test]
    fn a_module_brings_what_it_depends_on() {
        let paths = closure(&["bridge", "can_raw"], DEPENDENCIES, "").unwrap();
        assert_eq!(paths.len(), 4);
        assert_eq!(every(DEPENDENCIES).len(), 3);
    }

    #[test]
    fn a_built_in_module_is_no_file_and_an_unknown_one_an_error() {
        let built_in = "kernel/net/packet/af_packet.ko\n";
        assert!(
            closure(&["af_packet"], DEPENDENCIES, built_in)
                .unwrap()
                .is_empty()
        );
        assert!(closure(&["bridges"], DEPENDENCIES, built_in).is_err());
    }
}
