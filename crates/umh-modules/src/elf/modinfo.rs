// SPDX-License-Identifier: MIT OR Apache-2.0

//! `.modinfo`: what a module says of itself, `key=value` by `key=value`.

use super::{Object, part};

/// One statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// `alias`, `license`, `parm` ...
    pub key: &'a [u8],
    /// What is behind the first `=`; nothing where there is none.
    pub value: &'a [u8],
}

impl<B: AsRef<[u8]>> Object<B> {
    /// The statements in the file's order. Between them may be any number of
    /// NULs: the section is padded.
    pub fn modinfo(&self) -> impl Iterator<Item = Field<'_>> {
        let texts = part(&self.modinfo).split(|byte| *byte == 0);
        texts.filter(|text| !text.is_empty()).map(|text| {
            let mut halves = text.splitn(2, |byte| *byte == b'=');
            Field {
                key: halves.next().unwrap_or(&[]),
                value: halves.next().unwrap_or(&[]),
            }
        })
    }
}
