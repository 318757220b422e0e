// SPDX-License-Identifier: MIT OR Apache-2.0

//! `umh modules tree`: what a module needs, or who needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;
use umh_modules::{name, tree as lists};

use super::{name_of, release, text, without_lists};
use crate::args;
use crate::failure::{Exit, Failure};
use crate::report::{DIM, Report, styled};
use crate::tree::Tree;

/// A module and what hangs on it.
#[derive(Debug, Serialize)]
pub struct Need {
    /// Its name.
    pub module: String,
    /// What it needs, or who needs it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<Need>,
}

/// Module to all modules that hang on it, those that hang on these too.
type Closure = BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>;

/// Makes the tree that `args` ask for.
pub fn tree(args: &args::NeedTree, tree: &Tree) -> Result<Need, Failure> {
    let root = tree.root()?;
    let release = release(args.release.as_deref(), tree)?;
    let lists = lists::Tree::of(&root, b"", &release);
    let path = text(lists.file(b"modules.dep"));
    let list = tree
        .read(&path)
        .map_err(|_| without_lists(tree, &release))?;

    let needs = closure(&list);
    let module = name::of_module(name_of(&args.name));
    if !needs.contains_key(&module) {
        let error = format!("{} has no module {}", tree.show(&path), text(&module));
        let remedy = "an alias is no module: `umh modules why NAME` tells what it leads to";
        return Err(Failure::wrong(error, remedy));
    }
    let hanging = if args.users { reversed(&needs) } else { needs };
    Ok(Need::of(&module, &hanging, &mut Vec::new()))
}

/// `PATH: PATH PATH ...` of `modules.dep`.
fn closure(list: &[u8]) -> Closure {
    let lines = list.split(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (path, needs) = line.split_at_checked(colon)?;
        let needs = needs.get(1..)?.split(|byte| *byte == b' ');
        let needs = needs.filter(|path| !path.is_empty());
        Some((name::of_path(path), needs.map(name::of_path).collect()))
    });
    lines.collect()
}

fn reversed(needs: &Closure) -> Closure {
    let mut users: Closure = needs
        .keys()
        .map(|module| (module.clone(), BTreeSet::new()))
        .collect();
    for (module, needed) in needs {
        for other in needed {
            users
                .entry(other.clone())
                .or_default()
                .insert(module.clone());
        }
    }
    users
}

impl Need {
    /// What hangs on `module` directly: what nothing else that hangs on it
    /// brings; but for what is `above` it, where modules need each other.
    fn of(module: &[u8], hanging: &Closure, above: &mut Vec<Vec<u8>>) -> Self {
        let none = BTreeSet::new();
        let all = hanging.get(module).unwrap_or(&none);
        let is_brought = |wanted: &Vec<u8>| {
            let others = all.iter().filter(|other| *other != wanted);
            others
                .filter_map(|other| hanging.get(other))
                .any(|below| below.contains(wanted))
        };
        above.push(module.to_vec());
        let direct = all
            .iter()
            .filter(|wanted| !is_brought(wanted) && !above.contains(wanted));
        let direct: Vec<_> = direct.cloned().collect();
        let below = direct
            .iter()
            .map(|below| Self::of(below, hanging, above))
            .collect();
        above.pop();
        Self {
            module: text(module),
            below,
        }
    }

    fn lines(&self, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let last = self.below.len().saturating_sub(1);
        for (place, need) in self.below.iter().enumerate() {
            let (branch, rest) = if place == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            writeln!(
                out,
                "{}{}",
                styled(DIM, format_args!("{indent}{branch}")),
                need.module
            )?;
            need.lines(&format!("{indent}{rest}"), out)?;
        }
        Ok(())
    }
}

impl Report for Need {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.module)?;
        self.lines("", out)
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"\
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc2.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
";

    fn drawn(module: &[u8], hanging: &Closure) -> String {
        let mut out = Vec::new();
        let need = Need::of(module, hanging, &mut Vec::new());
        need.text(&mut out).unwrap();
        anstream::adapter::strip_bytes(&out)
            .into_vec()
            .try_into()
            .unwrap()
    }

    #[test]
    fn a_module_hangs_below_what_brings_it() {
        let needs = closure(LIST);
        assert_eq!(drawn(b"bridge", &needs), "bridge\n└─ stp\n   └─ llc\n");
        let users = reversed(&needs);
        assert_eq!(
            drawn(b"llc", &users),
            "llc\n├─ llc2\n└─ stp\n   └─ bridge\n"
        );
        assert_eq!(drawn(b"llc2", &users), "llc2\n");
    }

    #[test]
    fn a_circle_ends() {
        let needs = closure(b"a.ko: b.ko\nb.ko: a.ko\n");
        assert_eq!(drawn(b"a", &needs), "a\n└─ b\n");
        let needs = closure(b"a.ko: b.ko c.ko\nb.ko: a.ko c.ko\nc.ko: a.ko b.ko\n");
        drawn(b"a", &needs);
    }
}
