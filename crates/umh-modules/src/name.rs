// SPDX-License-Identifier: MIT OR Apache-2.0

//! Names of modules and aliases in the form that indexes hold (kmod's
//! `shared/util.c`: `alias_normalize`, `modname_normalize`, `path_to_modname`).

use alloc::vec::Vec;

/// The longest alias that is looked up. The kernel's events carry at most
/// 2,048 bytes.
pub const ALIAS_MAX: usize = 4095;

/// An alias, or its pattern, in normal form: `_` for `-`, but not inside
/// `[...]`; `None` if brackets do not pair or it is too long.
pub fn of_alias(name: &[u8]) -> Option<Vec<u8>> {
    if name.len() > ALIAS_MAX {
        return None;
    }
    let mut normal = Vec::with_capacity(name.len());
    let mut inside = false;
    for byte in name {
        normal.push(match (byte, inside) {
            (b'-', false) => b'_',
            (b']', false) => return None,
            _ => *byte,
        });
        inside = (inside || *byte == b'[') && *byte != b']';
    }
    (!inside).then_some(normal)
}

/// A module's name in normal form: `_` for `-`, up to the first dot.
pub fn of_module(name: &[u8]) -> Vec<u8> {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or(name);
    let fold = |byte: &u8| if *byte == b'-' { b'_' } else { *byte };
    stem.iter().map(fold).collect()
}

/// The name of the module in the file at `path`.
pub fn of_path(path: &[u8]) -> Vec<u8> {
    of_module(path.rsplit(|byte| *byte == b'/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_become_underscores_but_not_in_brackets() {
        assert_eq!(of_alias(b"a-b[0-9]-c").unwrap(), b"a_b[0-9]_c");
        assert_eq!(of_alias(b"[[-]").unwrap(), b"[[-]");
        for wrong in [&b"a]"[..], b"[a", b"a[b]]"] {
            assert_eq!(of_alias(wrong), None);
        }
        assert_eq!(of_alias(&[b'a'; ALIAS_MAX + 1]), None);
    }

    #[test]
    fn a_module_is_named_by_its_file_up_to_the_first_dot() {
        assert_eq!(of_path(b"kernel/fs/a-b.ko.xz"), b"a_b");
        assert_eq!(of_path(b"a"), b"a");
        assert_eq!(of_module(b"a-b.c"), b"a_b");
        assert_eq!(of_module(b"a]"), b"a]");
    }
}
