// SPDX-License-Identifier: MIT OR Apache-2.0

//! The lists of depmod(8) as text, and the two that the kernel's own build
//! writes: `modules.builtin` and `modules.builtin.modinfo`.

use alloc::vec::Vec;

use crate::bytes::words;
use crate::{glob, name};

/// The line `PATH: PATH...` of a module, as `modules.dep` has it.
pub(super) fn dependencies(text: &'static [u8], module: &[u8]) -> Vec<&'static [u8]> {
    let is_of = |line: &&[u8]| {
        let path = line.split(|byte| *byte == b':').next();
        path.is_some_and(|path| name::of_path(path) == module)
    };
    lines(text).find(is_of).into_iter().collect()
}

/// The modules of all lines `alias PATTERN MODULE` that match.
pub(super) fn aliases(text: &'static [u8], alias: &[u8]) -> Vec<&'static [u8]> {
    let matching = lines(text).filter_map(|line| {
        let mut words = words(line);
        let (command, pattern, module) = (words.next()?, words.next()?, words.next()?);
        (command == b"alias" && matches(pattern, alias)).then_some(module)
    });
    matching.collect()
}

/// The path of a module that the kernel has built in.
pub(super) fn builtin(text: &'static [u8], module: &[u8]) -> Vec<&'static [u8]> {
    let is_of = |path: &&[u8]| name::of_path(path) == module;
    lines(text).find(is_of).into_iter().collect()
}

/// The modules of all records `MODULE.alias=PATTERN` that match.
pub(super) fn builtin_aliases(text: &'static [u8], alias: &[u8]) -> Vec<&'static [u8]> {
    let records = text.split(|byte| *byte == 0);
    let matching = records.filter_map(|record| {
        let dot = record.iter().position(|byte| *byte == b'.')?;
        let (module, rest) = record.split_at_checked(dot)?;
        let pattern = rest.strip_prefix(b".alias=")?;
        matches(pattern, alias).then_some(module)
    });
    matching.collect()
}

fn matches(pattern: &[u8], alias: &[u8]) -> bool {
    name::of_alias(pattern).is_some_and(|pattern| glob::matches(&pattern, alias))
}

fn lines(text: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty() && line.first() != Some(&b'#'))
}
