// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every place where a name is looked up. The first that knows it decides;
//! what the others would say helps to understand a surprise.

use serde::Serialize;
use umh_modules::glob;
use umh_modules::lookup::{Catalogue, Stage};
use umh_modules::tree::Unreadable;

use super::At;
use crate::modules::text;

/// One place.
#[derive(Debug, Serialize)]
pub struct Looked {
    /// What it is.
    pub place: &'static str,
    /// Whether it decides.
    pub decides: bool,
    /// What it knows.
    pub found: Vec<Found>,
}

/// What a place knows.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The module.
    pub module: String,
    /// The pattern that matched, if it is one.
    pub pattern: Option<String>,
    /// The line, if it is in modprobe.d.
    pub at: Option<At>,
}

/// Looks at all places; `decides` is known already.
pub(super) fn all(
    catalogue: &Catalogue<'_>,
    name: &[u8],
    decides: Option<Stage>,
) -> Result<Vec<Looked>, Unreadable> {
    STAGES
        .iter()
        .map(|(stage, place)| {
            Ok(Looked {
                place,
                decides: Some(*stage) == decides,
                found: look(catalogue, name, *stage)?,
            })
        })
        .collect()
}

/// The places in their order.
const STAGES: &[(Stage, &str)] = &[
    (Stage::ConfigAlias, "alias lines of modprobe.d"),
    (Stage::Name, "modules.dep"),
    (Stage::Symbol, "modules.symbols"),
    (Stage::Command, "install and remove lines"),
    (Stage::Alias, "modules.alias"),
    (Stage::Builtin, "modules.builtin"),
    (Stage::BuiltinAlias, "modules.builtin.modinfo"),
];

fn look(catalogue: &Catalogue<'_>, name: &[u8], stage: Stage) -> Result<Vec<Found>, Unreadable> {
    let (tree, config) = (&catalogue.tree, &catalogue.config);
    let plain = |module: &Vec<u8>| Found {
        module: text(module),
        pattern: None,
        at: None,
    };
    let itself = |known: bool| known.then(|| plain(&name.to_vec())).into_iter().collect();
    Ok(match stage {
        Stage::ConfigAlias => {
            let lines = config.aliases_of(name);
            let found = lines.map(|line| Found {
                module: text(&line.value),
                pattern: Some(text(&line.name)),
                at: Some(At::of(&line.from)),
            });
            found.collect()
        }
        Stage::Name => itself(!name.contains(&b':') && tree.dependencies(name)?.is_some()),
        Stage::Symbol if name.starts_with(b"symbol:") => {
            tree.symbols(name)?.iter().map(plain).collect()
        }
        Stage::Symbol => Vec::new(),
        Stage::Command => {
            let lines = config.installs.iter().chain(&config.removes);
            let lines = lines.filter(|line| line.name == name);
            let found = lines.map(|line| Found {
                at: Some(At::of(&line.from)),
                ..plain(&line.name)
            });
            found.collect()
        }
        Stage::Alias => {
            let modules = tree.aliases(name)?;
            let patterns = patterns(catalogue, name)?;
            let pattern = |module: &Vec<u8>| {
                let mut patterns = patterns.iter();
                patterns
                    .find(|(_, to)| to == module)
                    .map(|(pattern, _)| text(pattern))
            };
            let found = modules.iter().map(|module| Found {
                pattern: pattern(module),
                ..plain(module)
            });
            found.collect()
        }
        Stage::Builtin => itself(tree.is_builtin(name)?),
        Stage::BuiltinAlias => tree.builtin_aliases(name)?.iter().map(plain).collect(),
    })
}

/// A pattern and its module.
type Pattern = (Vec<u8>, Vec<u8>);

/// The patterns of `modules.alias` that match, with their modules.
fn patterns(catalogue: &Catalogue<'_>, name: &[u8]) -> Result<Vec<Pattern>, Unreadable> {
    let mut found = Vec::new();
    catalogue.tree.dump_aliases(&mut |pattern, module| {
        if glob::matches(pattern, name) {
            found.push((pattern.to_vec(), module.to_vec()));
        }
    })?;
    Ok(found)
}
