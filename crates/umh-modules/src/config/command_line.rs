// SPDX-License-Identifier: MIT OR Apache-2.0

//! Options of modules on the kernel's command line: `MODULE.OPTION[=VALUE]`,
//! and `modprobe.blacklist=MODULE,...`.
//!
//! Quotes may surround the value or, as GRUB writes it, the whole word; only
//! in a value a blank does not end the word. Everything else is somebody
//! else's.

use alloc::vec::Vec;

use super::{Complaint, Config, Line, Place};
use crate::name;

/// Adds what the command line in `file` says.
pub(super) fn read(
    config: &mut Config,
    text: &[u8],
    file: &[u8],
    complain: &mut dyn FnMut(&Complaint<'_>),
) {
    let from = Place {
        file: file.to_vec(),
        line: 0,
    };
    for (module, option) in (Words { rest: text }).filter_map(option) {
        let line = |name, value| Line {
            name,
            value,
            from: from.clone(),
        };
        let listed = option.strip_prefix(b"blacklist=");
        if let (b"modprobe", Some(modules)) = (module, listed) {
            let modules = modules.split(|byte| *byte == b',');
            let lines = modules.map(|module| line(module.to_vec(), Vec::new()));
            config.blacklist.extend(lines);
        } else if let Some(name) = name::of_alias(module) {
            config.options.push(line(name, option));
        } else {
            complain(&Complaint::BadOption { module });
        }
    }
}

/// The words between blanks that no quotes hold.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|byte| !is_blank(*byte))?;
        let text = self.rest.get(start..)?;
        let mut quoted = false;
        let end = text.iter().position(|byte| {
            quoted ^= *byte == b'"';
            !quoted && is_blank(*byte)
        });
        // A quote that nothing closes says nothing.
        let end = end.or_else(|| (!quoted).then_some(text.len()))?;
        self.rest = text.get(end..)?;
        text.get(..end)
    }
}

/// The module and its option, if the word is one.
fn option(word: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let (body, whole) = match word {
        [b'"', body @ ..] => (body, true),
        _ => (word, false),
    };
    let ends = |byte: &u8| matches!(byte, b'.' | b'=' | b'"') || is_blank(*byte);
    let (module, rest) = body.split_at_checked(body.iter().position(ends)?)?;
    let rest = rest.strip_prefix(b".")?;
    let Some(end) = rest.iter().position(ends) else {
        return (!whole).then(|| (module, rest.to_vec()));
    };
    let (name, value) = rest.split_at_checked(end)?;
    let value = value.strip_prefix(b"=")?;
    // The quote that opened the word opens the value.
    let quote: &[u8] = if whole { b"\"" } else { b"" };
    Some((module, [name, b"=", quote, value].concat()))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
