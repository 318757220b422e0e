// SPDX-License-Identifier: MIT OR Apache-2.0

//! The names that are looked up: every module, every pattern with something
//! in the place of its wildcards, and names that nobody has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use fastrand::Rng;

/// The names of one comparison, always the same for the same tree.
pub(super) struct Names {
    /// Of modules.
    pub(super) modules: Vec<String>,
    /// Of everything.
    pub(super) all: Vec<String>,
    /// Modules with more than one line of softdeps.
    pub(super) softer: Vec<String>,
}

/// How many patterns are looked up; a whole tree has some 27,000.
const PATTERNS: usize = 6000;
const SYMBOLS: usize = 500;
const MISSES: usize = 1000;

/// One of `every` names that the indexes in `directory` have.
pub(super) fn of(directory: &Path, every: usize) -> Result<Names> {
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut rng = Rng::with_seed(4);
    let dependencies = read("modules.dep")?;
    let paths = dependencies
        .lines()
        .filter_map(|line| line.split(':').next());
    let modules: Vec<String> = paths.map(crate::world::stem).collect();
    let builtin = read("modules.builtin")?;
    let builtin = builtin.lines().map(crate::world::stem);
    // `alias PATTERN MODULE`, `alias symbol:NAME MODULE`.
    let second = |text: &str| -> Vec<String> {
        let words = text.lines().filter(|line| !line.starts_with('#'));
        let words = words.filter_map(|line| line.split(' ').nth(1));
        words.map(str::to_owned).collect()
    };
    let mut patterns = second(&read("modules.alias")?);
    patterns.extend(builtin_patterns(&read("modules.builtin.modinfo")?));
    let symbols = second(&read("modules.symbols")?);

    let mut all = modules.clone();
    all.extend(builtin);
    let step = patterns.len().div_ceil(PATTERNS).max(1);
    all.extend(
        patterns
            .iter()
            .step_by(step)
            .map(|pattern| filled(pattern, &mut rng)),
    );
    let step = symbols.len().div_ceil(SYMBOLS).max(1);
    all.extend(symbols.into_iter().step_by(step));
    for _ in 0..MISSES {
        all.push(missing(&patterns, &mut rng));
    }

    let mut lines = BTreeMap::<String, usize>::new();
    for module in second(&read("modules.softdep")?) {
        *lines.entry(module.replace('-', "_")).or_default() += 1;
    }
    let softer = lines.into_iter().filter(|(_, lines)| *lines > 1);
    let keep = |names: Vec<String>| names.into_iter().step_by(every.max(1)).collect();
    Ok(Names {
        modules: keep(modules),
        all: keep(all),
        softer: softer.map(|(module, _)| module).collect(),
    })
}

/// `MODULE.alias=PATTERN`, ended by NUL.
fn builtin_patterns(text: &str) -> Vec<String> {
    let words = text.split('\0').filter_map(|word| word.split_once('='));
    let patterns = words.filter(|(key, _)| key.ends_with(".alias"));
    patterns.map(|(_, pattern)| pattern.to_owned()).collect()
}

/// A name that `pattern` matches.
fn filled(pattern: &str, rng: &mut Rng) -> String {
    let mut name = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => {
                name += rng
                    .choice(["", "00", "0000008Ad", "x-y_z", "sv*"])
                    .unwrap_or_default()
            }
            '?' => name.push(rng.alphanumeric()),
            '[' => {
                let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                name.extend(inside.chars().next());
            }
            c => name.push(c),
        }
    }
    name
}

/// A name that looks like one of `patterns` and is none, mostly.
fn missing(patterns: &[String], rng: &mut Rng) -> String {
    let like = rng.choice(patterns).map_or("", String::as_str);
    let mut name: Vec<char> = like.chars().collect();
    for _ in 0..rng.usize(1..4) {
        if !name.is_empty() {
            let at = rng.usize(..name.len());
            name.insert(at, rng.alphanumeric());
        }
    }
    name.truncate(rng.usize(1..=name.len().max(1)));
    name.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_pattern_has_no_wildcards_of_its_own() {
        let mut rng = Rng::with_seed(1);
        let name = filled("a?b[x-z]c", &mut rng);
        assert!(name.starts_with('a') && name.ends_with("bxc"), "{name}");
        assert_eq!(name.len(), 5);
    }
}
