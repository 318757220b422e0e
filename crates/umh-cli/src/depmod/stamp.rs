// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which state of a file was seen.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file's state: two that are equal have equal contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) [u64; Self::WORDS]);

impl Stamp {
    pub(super) const WORDS: usize = 7;

    pub(super) fn of(data: &Metadata) -> Self {
        Self([
            data.dev(),
            data.ino(),
            data.size(),
            data.mtime().cast_unsigned(),
            data.mtime_nsec().cast_unsigned(),
            // What sets the time of change back sets this one.
            data.ctime().cast_unsigned(),
            data.ctime_nsec().cast_unsigned(),
        ])
    }

    /// The file's size.
    pub(super) fn size(&self) -> u64 {
        self.0[2]
    }

    /// Whether the state is so old that a change since would have another
    /// stamp: file systems count in steps of up to two seconds.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let changed = self.0[5].checked_add(2).map(Duration::from_secs);
        let now = now.duration_since(UNIX_EPOCH);
        matches!((changed, now), (Some(changed), Ok(now)) if changed < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_just_now_may_change_again_unseen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stamp = Stamp::of(&file.as_file().metadata().unwrap());
        let now = SystemTime::now();
        assert!(!stamp.is_settled(now));
        assert!(stamp.is_settled(now + Duration::from_secs(4)));
    }
}
