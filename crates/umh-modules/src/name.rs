// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names of modules and aliases in the form that indexes hold (kmod's
//! `shared/util.c`: `alias_normalize`, `modname_normalize`).

/// The longest name that is looked up: `modprobe -q -- NAME` brings at most
/// 55 bytes, a file's name in `modules.dep` at most 255.
pub const NAME_MAX: usize = 255;

/// A name in the form that indexes hold: `_` for `-`, but not inside `[...]`;
/// `None` if brackets do not pair or the name is too long.
pub fn normal<'b>(name: &[u8], buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    let into = buffer.get_mut(..name.len())?;
    let mut inside = false;
    for (slot, byte) in into.iter_mut().zip(name) {
        *slot = match (byte, inside) {
            (b'-', false) => b'_',
            (b']', false) => return None,
            _ => *byte,
        };
        inside = (inside || *byte == b'[') && *byte != b']';
    }
    (!inside).then_some(into)
}

/// The module in the file at `path`: its name up to the first dot.
pub fn module_of<'b>(path: &[u8], buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    let file = path.rsplit(|byte| *byte == b'/').next()?;
    let stem = file.split(|byte| *byte == b'.').next()?;
    normal(stem, buffer)
}
