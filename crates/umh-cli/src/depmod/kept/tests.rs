// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is remembered is believed only while it is true.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A module, what it says, and the file that keeps it.
struct Saved {
    found: Found,
    facts: Facts,
    path: PathBuf,
    /// Where the files are.
    _directory: tempfile::TempDir,
}

impl Saved {
    fn known(&self) -> Option<Facts> {
        Kept::load(&self.path).take(&self.found)
    }
}

/// Saves what a module says that changed so many seconds ago.
fn saved(age: u64) -> Saved {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.ko");
    fs::write(&path, "").unwrap();
    let mut stamp = Stamp::of(&fs::metadata(&path).unwrap());
    stamp.0[5] -= age;
    let mut found = Found::new(path, directory.path(), None).unwrap();
    found.stamp = Some(stamp);
    let mut names = Names::default();
    names.id(b"unused");
    let facts = Facts {
        exports: [names.id(b"one")].into(),
        imports: [("two", false), ("three", true)]
            .map(|(name, weak)| Import {
                name: names.id(name.as_bytes()),
                weak,
            })
            .into(),
        aliases: b"a\0b\0".as_slice().into(),
        softdeps: b"pre: x\0".as_slice().into(),
        weakdeps: Box::default(),
        checksums: None,
    };
    let path = directory.path().join("new/kept");
    save(
        &path,
        std::slice::from_ref(&found),
        std::slice::from_ref(&facts),
        &[Some(stamp)],
        &names,
    )
    .unwrap();
    Saved {
        found,
        facts,
        path,
        _directory: directory,
    }
}

#[test]
fn what_was_kept_is_known_again() {
    let mut saved = saved(3600);
    let mut kept = Kept::load(&saved.path);
    saved.facts.renumber(&[9, 0, 1, 2]);
    assert_eq!(kept.take(&saved.found), Some(saved.facts));
    let names = kept.into_names();
    assert_eq!(names.count(), 3);
    assert_eq!(
        [0, 1, 2].map(|id| names.name(id)),
        [&b"one"[..], b"two", b"three"]
    );
}

#[test]
fn a_file_that_changed_is_not_known() {
    let mut saved = saved(3600);
    let stamp = saved.found.stamp.unwrap();
    for word in 0..Stamp::WORDS {
        let mut changed = stamp;
        changed.0[word] ^= 1;
        saved.found.stamp = Some(changed);
        assert_eq!(saved.known(), None);
    }
}

#[test]
fn what_changed_just_now_is_not_kept() {
    assert_eq!(saved(0).known(), None);
}

#[test]
fn damaged_files_tell_nothing() {
    let Saved { path, .. } = &saved(3600);
    let whole = fs::read(path).unwrap();
    let body = MAGIC.len() + 4;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(path, &damaged).unwrap();
        assert!(Kept::load(path).modules.is_empty(), "byte {at}");
        fs::write(path, &whole[..at]).unwrap();
        assert!(Kept::load(path).modules.is_empty(), "first {at} bytes");
        // Nor does what has the right checksum make anything panic.
        if let Some(damaged) = damaged.get(body..) {
            let _ = parse(damaged);
        }
    }
}

#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let saved = saved(3600);
    assert!(saved.known().is_some());
    fs::set_permissions(&saved.path, PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(saved.known(), None);
}
