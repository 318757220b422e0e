// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is remembered is believed only while it is true.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A module that was seen an hour ago, and what it says.
fn known(directory: &Path) -> (Found, Facts, Names) {
    let path = directory.join("m.ko");
    fs::write(&path, "").unwrap();
    let data = fs::metadata(&path).unwrap();
    let mut found = Found::new(path, directory, &data).unwrap();
    found.stamp.0[5] -= 3600;
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
    (found, facts, names)
}

#[test]
fn what_was_kept_is_known_again() {
    let directory = tempfile::tempdir().unwrap();
    let (found, mut facts, names) = known(directory.path());
    let path = directory.path().join("new/kept");
    let stamps = [Some(found.stamp)];
    save(
        &path,
        std::slice::from_ref(&found),
        std::slice::from_ref(&facts),
        &stamps,
        &names,
    )
    .unwrap();

    let mut kept = Kept::load(&path);
    facts.renumber(&[9, 0, 1, 2]);
    assert_eq!(kept.take(&found), Some(facts));
    let names = kept.into_names();
    assert_eq!(names.count(), 3);
    assert_eq!(
        [0, 1, 2].map(|id| names.name(id)),
        [&b"one"[..], b"two", b"three"]
    );
}

#[test]
fn a_file_that_changed_is_not_known() {
    let directory = tempfile::tempdir().unwrap();
    let (found, facts, names) = known(directory.path());
    let path = directory.path().join("kept");
    let stamps = [Some(found.stamp)];
    save(
        &path,
        std::slice::from_ref(&found),
        &[facts],
        &stamps,
        &names,
    )
    .unwrap();
    for word in 0..Stamp::WORDS {
        let mut changed = found.clone();
        changed.stamp.0[word] ^= 1;
        assert_eq!(Kept::load(&path).take(&changed), None);
    }
}

#[test]
fn what_changed_just_now_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (mut found, facts, names) = known(directory.path());
    found.stamp.0[5] += 3600;
    let path = directory.path().join("kept");
    let stamps = [Some(found.stamp)];
    save(
        &path,
        std::slice::from_ref(&found),
        &[facts],
        &stamps,
        &names,
    )
    .unwrap();
    assert_eq!(Kept::load(&path).take(&found), None);
}

#[test]
fn damaged_files_tell_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (found, facts, names) = known(directory.path());
    let path = directory.path().join("kept");
    let stamps = [Some(found.stamp)];
    save(&path, &[found], &[facts], &stamps, &names).unwrap();
    let whole = fs::read(&path).unwrap();
    let body = MAGIC.len() + 4;
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&path, &damaged).unwrap();
        assert!(Kept::load(&path).modules.is_empty(), "byte {at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(Kept::load(&path).modules.is_empty(), "first {at} bytes");
        // Nor does what has the right checksum make anything panic.
        if let Some(damaged) = damaged.get(body..) {
            let _ = parse(damaged);
        }
    }
}

#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let (found, facts, names) = known(directory.path());
    let path = directory.path().join("kept");
    let stamps = [Some(found.stamp)];
    save(
        &path,
        std::slice::from_ref(&found),
        &[facts],
        &stamps,
        &names,
    )
    .unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(Kept::load(&path).take(&found), None);
}
