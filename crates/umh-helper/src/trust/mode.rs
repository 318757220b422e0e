// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a mode lets others do.

/// Where a directory or file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is `/`.
    Top,
    /// Anywhere below.
    Below,
}

/// Whether a mode lets group or others put something else in the place of what
/// its owner has: by writing a file, by replacing what a directory holds.
///
/// The root directory may be sticky: an initramfs without an entry for it
/// leaves the 01777 that a tmpfs begins with. Others can add names to such a
/// directory, but not take the owner's away (unlink(2), rename(2)), and what
/// they add is theirs, which every caller of this refuses by its owner.
pub const fn is_writable_by_others(mode: u32, place: Place) -> bool {
    const GROUP_OR_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let guarded = matches!(place, Place::Top) && mode & STICKY != 0;
    mode & GROUP_OR_OTHERS != 0 && !guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_root_directory_may_be_writable_and_sticky() {
        for mode in [0o755, 0o1755, 0o4755, 0o100] {
            assert!(!is_writable_by_others(mode, Place::Top), "{mode:o}");
            assert!(!is_writable_by_others(mode, Place::Below), "{mode:o}");
        }
        for mode in [0o775, 0o757, 0o777, 0o2775] {
            assert!(is_writable_by_others(mode, Place::Top), "{mode:o}");
        }
        assert!(!is_writable_by_others(0o1777, Place::Top));
        assert!(is_writable_by_others(0o1777, Place::Below));
    }
}
