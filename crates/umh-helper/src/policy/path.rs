// SPDX-License-Identifier: MIT OR Apache-2.0

//! Program names in the one form that policy knows.

/// The most bytes that all arguments of a call may have together.
pub const ARGV_MAX: usize = 64 * 1024;

/// The longest path that the kernel opens (`PATH_MAX` less its NUL).
const PATH_MAX: usize = 4095;

/// Whether `path` is absolute and in plain form: no empty component, no `.`,
/// no `..`, no control byte, no `/` at the end.
pub fn is_plain(path: &[u8]) -> bool {
    let Some(inside) = path.strip_prefix(b"/") else {
        return false;
    };
    let mut components = inside.split(|byte| *byte == b'/');
    path.len() <= PATH_MAX
        && !path.iter().any(u8::is_ascii_control)
        && components.all(|component| !matches!(component, b"" | b"." | b".."))
}

/// Whether `path` lies where processes make files appear: `/proc/PID/fd/N`
/// is whatever PID opened, a memfd too.
pub fn is_under_proc(path: &[u8]) -> bool {
    path == b"/proc" || path.starts_with(b"/proc/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_paths_without_detours_are_plain() {
        for path in [
            &b"/sbin/modprobe"[..],
            b"/a",
            b"/a/...",
            b"/a b/c",
            b"/\xff",
        ] {
            assert!(is_plain(path), "{}", path.escape_ascii());
        }
        for path in [
            &b""[..],
            b"/",
            b"sbin/modprobe",
            b"//sbin/modprobe",
            b"/sbin//modprobe",
            b"/sbin/",
            b"/./a",
            b"/a/.",
            b"/../a",
            b"/a/..",
            b"/a\nb",
            b"/a\x7f",
            b"/a\0",
        ] {
            assert!(!is_plain(path), "{}", path.escape_ascii());
        }
        assert!(!is_plain(&[b'/', b'a'].repeat(2048)));
    }

    #[test]
    fn proc_is_known_by_its_first_component() {
        assert!(is_under_proc(b"/proc/1/fd/666"));
        assert!(is_under_proc(b"/proc"));
        assert!(!is_under_proc(b"/process"));
    }
}
