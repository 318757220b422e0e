// SPDX-License-Identifier: MIT OR Apache-2.0

//! The indexes of what is built into the kernel, from the two lists that its
//! build leaves. Without a list the file is empty, as kmod's is.

use umh_modules::index::write::{Refused, Writer};

use super::{Modules, normalize};

/// Names, from `modules.builtin`: `kernel/fs/ext4/ext4.ko`.
pub(super) fn names(modules: &Modules<'_>) -> Result<Vec<u8>, Refused> {
    let Some(text) = modules.file("modules.builtin") else {
        return Ok(Vec::new());
    };
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let mut writer = Writer::default();
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|_| !text.is_empty())
    {
        if !line.first().is_some_and(u8::is_ascii_alphabetic) {
            let line = line.escape_ascii();
            modules
                .messages
                .error(format_args!("Invalid modules.builtin line: {line}"));
            continue;
        }
        let file = line.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let stem = file.split(|byte| *byte == b'.').next().unwrap_or_default();
        let name: Vec<u8> = stem
            .iter()
            .map(|byte| if *byte == b'-' { b'_' } else { *byte })
            .collect();
        modules.add(&mut writer, &name, b"", 0);
    }
    writer.finish()
}

/// Aliases, from `modules.builtin.modinfo`: `ext4.alias=fs-ext4`, each with a
/// NUL behind it, or with several.
pub(super) fn aliases(modules: &Modules<'_>) -> Result<Vec<u8>, Refused> {
    let Some(text) = modules.file("modules.builtin.modinfo") else {
        return Ok(Vec::new());
    };
    // What comes after the last NUL is cut short.
    let end = text.iter().rposition(|byte| *byte == 0).unwrap_or(0);
    let text = text.get(..end).unwrap_or_default();
    let mut writer = Writer::default();
    let mut normal = Vec::new();
    for line in text.split(|byte| *byte == 0) {
        let Some(dot) = line.iter().position(|byte| *byte == b'.') else {
            continue;
        };
        let (name, rest) = line.split_at(dot);
        let alias = rest.strip_prefix(b".alias=").unwrap_or_default();
        if name.is_empty() || alias.is_empty() {
            continue;
        }
        if normalize(alias, &mut normal) {
            modules.add(&mut writer, &normal, name, 0);
        } else {
            modules.warn(format_args!(
                "Unmatched bracket in {}",
                alias.escape_ascii()
            ));
        }
    }
    writer.finish()
}
