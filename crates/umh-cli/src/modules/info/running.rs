// SPDX-License-Identifier: MIT OR Apache-2.0

//! A module as the kernel shows it: `/sys/module/NAME`
//! (`Documentation/ABI/testing/sysfs-module`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::text;
use crate::tree::Tree;

/// What the kernel shows.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Running {
    /// The report has it elsewhere.
    #[serde(skip)]
    pub(super) state: Option<String>,
    /// How many users it has, modules and others; none where modules cannot
    /// be removed.
    pub(super) references: Option<u32>,
    /// The modules among them.
    pub(super) holders: Vec<String>,
    /// Of its code, in bytes.
    pub(super) size: Option<u64>,
    /// Letters that say why it taints the kernel: `O` out of tree, `E` not
    /// signed ...
    pub(super) taint: Option<String>,
    /// In hexadecimal, as debuggers look it up.
    pub(super) build_id: Option<String>,
    /// Each with its value, unless it must not be read; the report has them
    /// elsewhere.
    #[serde(skip)]
    pub(super) parameters: BTreeMap<String, Option<String>>,
}

/// `NT_GNU_BUILD_ID` of `GNU`.
const BUILD_ID: u32 = 3;

impl Running {
    /// What is shown of the module `name`; `None` if that is nothing.
    pub(super) fn of(name: &[u8], tree: &Tree) -> Option<Self> {
        let name = str::from_utf8(name).ok()?;
        let is_name = !name.contains('/') && !name.starts_with('.');
        let place = is_name.then(|| format!("/sys/module/{name}"))?;
        let names = |below: &str| -> Vec<String> {
            let names = tree.list(&format!("{place}/{below}")).unwrap_or_default();
            names
                .iter()
                .map(|name| text(name.as_encoded_bytes()))
                .collect()
        };
        let line = |below: &str| tree.line(&format!("{place}/{below}")).ok().map(text);
        if !tree.exists(&place) {
            return None;
        }
        let parameters = names("parameters").into_iter().map(|name| {
            let value = line(&format!("parameters/{name}"));
            (name, value)
        });
        let number = |below| line(below)?.parse().ok();
        let notes = tree.read(&format!("{place}/notes/.note.gnu.build-id"));
        Some(Self {
            state: line("initstate"),
            references: number("refcnt").and_then(|count| u32::try_from(count).ok()),
            holders: names("holders"),
            size: number("coresize"),
            taint: line("taint").filter(|taint| !taint.is_empty()),
            build_id: notes.ok().and_then(|notes| build_id(&notes)),
            parameters: parameters.collect(),
        })
    }

    /// `3: bridge, stp and 1 more`, or nothing if there are none.
    pub(super) fn users(&self) -> String {
        let count = self.references.unwrap_or(0);
        match self.holders.join(", ").as_str() {
            "" if count == 0 => String::new(),
            "" => count.to_string(),
            names => format!("{count}: {names}"),
        }
    }
}

/// The build id of a section of notes, in the machine's byte order.
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let (header, rest) = notes.split_first_chunk::<12>()?;
        let (words, _) = header.as_chunks();
        let mut words = words.iter().copied().map(u32::from_ne_bytes);
        let (owner, size, kind) = (words.next()?, words.next()?, words.next()?);
        let (owner, rest) = padded(rest, owner)?;
        let (bytes, rest) = padded(rest, size)?;
        if kind == BUILD_ID && owner == b"GNU\0" {
            return Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = rest;
    }
}

/// So many bytes, and what follows the padding to four.
fn padded(bytes: &[u8], length: u32) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(length).ok()?;
    let end = length.checked_next_multiple_of(4)?;
    Some((bytes.get(..length)?, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(owner: &[u8], kind: u32, bytes: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_ne_bytes();
        let mut note = [length(owner), length(bytes), kind.to_ne_bytes()].concat();
        for part in [owner, bytes] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    #[test]
    fn the_build_id_is_found_among_notes() {
        let notes = [
            note(b"Linux\0", 1, b"x"),
            note(b"GNU\0", BUILD_ID, &[0xab, 0xcd, 1]),
        ];
        assert_eq!(build_id(&notes.concat()).unwrap(), "abcd01");
        assert_eq!(build_id(&note(b"GNU\0", 1, b"abcd")), None);
        for end in 0..notes.concat().len() - 1 {
            assert_eq!(build_id(&notes.concat()[..end]), None, "{end}");
        }
    }
}
