// SPDX-License-Identifier: MIT OR Apache-2.0

//! Links by which umh is kmod's tools.
//!
//! Nothing that is there is replaced: the plan refuses what umh has not
//! placed, as it does everywhere.

use crate::args::{self, Part};
use crate::failure::Failure;
use crate::install::item::{Item, State};
use crate::install::manifest::Manifest;
use crate::kmod::TOOLS;
use crate::paths;
use crate::tree::Tree;

/// Where the links are wanted, if they are: below what is named, or where
/// they have been.
pub fn prefix<'a>(args: &'a args::Install, manifest: &'a Manifest) -> Option<&'a str> {
    if args.tools.is_some() {
        return args.tools.as_deref();
    }
    let link = State::Link {
        target: paths::PROGRAM.to_owned(),
    };
    let is_ours = |path: &&str| manifest.owns(path, &link);
    let placed = manifest.items.keys().map(String::as_str).filter(is_ours);
    let mut prefixes = placed.filter_map(|path| path.strip_suffix("/sbin/modprobe"));
    prefixes.find(|_| !args.without.contains(&Part::Tools))
}

/// The links below `prefix`, after the directories that they need.
pub fn links(tree: &Tree, prefix: &str, manifest: &Manifest) -> Result<Vec<Item>, Failure> {
    let prefix = prefix.trim_end_matches('/');
    let is_step = |name: &str| matches!(name, "" | "." | "..");
    let is_plain = prefix
        .strip_prefix('/')
        .is_some_and(|names| !names.split('/').any(is_step));
    if !is_plain {
        let error = format!("--tools={prefix} is no absolute path");
        return Err(Failure::wrong(
            error,
            "name a directory such as /usr/local or /usr",
        ));
    }

    let directories = [
        prefix.to_owned(),
        format!("{prefix}/bin"),
        format!("{prefix}/sbin"),
    ];
    // What was there before may be a link: /usr/sbin to /usr/bin.
    let is_ours = |path: &String| !tree.exists(path) || manifest.items.contains_key(path);
    let directories = directories.iter().filter(|path| is_ours(path));
    let mut items: Vec<Item> = directories.map(|path| Item::directory(path)).collect();
    for tool in TOOLS {
        for directory in directories_of(tool.name) {
            let path = format!("{prefix}/{directory}/{}", tool.name);
            items.push(Item::link(&path, paths::PROGRAM));
        }
    }
    Ok(items)
}

/// Where distributions have a tool, and scripts look for it.
fn directories_of(tool: &str) -> &'static [&'static str] {
    match tool {
        "kmod" => &["bin"],
        "lsmod" => &["bin", "sbin"],
        _ => &["sbin"],
    }
}
