// SPDX-License-Identifier: MIT OR Apache-2.0

//! `.modinfo`: what a module says of itself, `key=value` by `key=value`.

use super::Object;

/// One statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// `alias`, `license`, `parm` ...
    pub key: &'a [u8],
    /// What is behind the first `=`; nothing where there is none.
    pub value: &'a [u8],
}

impl<'a> Object<'a> {
    /// The statements in the file's order. Between them may be any number of
    /// NULs: the section is padded.
    pub fn modinfo(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let mut rest = self.modinfo;
        let texts = core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(0, rest).unwrap_or(rest.len());
            let (text, after) = rest.split_at_checked(end)?;
            rest = after.get(1..).unwrap_or_default();
            Some(text)
        });
        texts.filter(|text| !text.is_empty()).map(|text| {
            let equals = memchr::memchr(b'=', text).unwrap_or(text.len());
            let (key, value) = text.split_at_checked(equals).unwrap_or((text, &[]));
            Field {
                key,
                value: value.get(1..).unwrap_or_default(),
            }
        })
    }
}
