// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files in a directory of the test's own, found in the kernel's order.

#![expect(
    clippy::unwrap_used,
    reason = "a test states its expectations by failing"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use umh::firmware::{Builder, Loader, Options, Settings};
use umh::{Errno, Umh};

fn put(root: &TempDir, path: &str, bytes: &[u8]) {
    let path = root.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn loader(root: &TempDir) -> Builder {
    Loader::builder(&Umh::new())
        .root(root.path())
        .release("6.12.0")
}

fn request(root: &TempDir, name: &str) -> Result<Vec<u8>, Errno> {
    let found = loader(root).build().request(name, Options::REQUEST);
    found.map(|image| image.to_vec())
}

/// Whether a packer of the system could pack the file, in place.
#[expect(clippy::print_stdout, reason = "says what was not tested")]
fn pack(root: &TempDir, path: &str, packer: &[&str]) -> bool {
    let [program, options @ ..] = packer else {
        return false;
    };
    let packed = Command::new(program)
        .args(options)
        .arg(root.path().join(path))
        .status();
    let done = packed.is_ok_and(|status| status.success());
    if !done {
        println!("skipped: no {program}");
    }
    done
}

#[test]
fn directories_are_searched_in_order() {
    let root = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for directory in [
        "lib/firmware",
        "lib/firmware/6.12.0",
        "lib/firmware/updates",
        "lib/firmware/updates/6.12.0",
    ] {
        put(&root, &format!("{directory}/a/b.bin"), directory.as_bytes());
        found.push(request(&root, "a/b.bin").unwrap() == directory.as_bytes());
    }
    assert_eq!(found, [true; 4]);
    put(&root, "opt/a/b.bin", b"custom");
    let custom = loader(&root).custom("/opt").build();
    assert_eq!(
        *custom.request("a/b.bin", Options::REQUEST).unwrap(),
        *b"custom"
    );
}

#[test]
fn packed_files_are_found_last_and_unpacked() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/updates/x", b"from xz");
    let xz = ["xz", "-C", "crc32", "--lzma2=dict=2MiB"];
    if pack(&root, "lib/firmware/updates/x", &xz) {
        assert_eq!(request(&root, "x").unwrap(), b"from xz");
    }
    put(&root, "lib/firmware/x", b"from zst");
    if pack(&root, "lib/firmware/x", &["zstd", "-q", "--rm"]) {
        assert_eq!(request(&root, "x").unwrap(), b"from zst");
    }
    put(&root, "lib/firmware/x", b"plain");
    assert_eq!(request(&root, "x").unwrap(), b"plain");
}

#[test]
fn what_is_no_file_or_empty_or_broken_is_refused() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/empty", b"");
    put(&root, "lib/firmware/directory/x", b"x");
    put(
        &root,
        "lib/firmware/broken.zst",
        b"\x28\xb5\x2f\xfd\x20\x05abcde",
    );
    put(
        &root,
        "lib/firmware/unsized.zst",
        b"\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00",
    );
    put(&root, "lib/firmware/short.xz", b"\xfd7zXZ\0");
    for name in [
        "empty",
        "directory",
        "broken",
        "unsized",
        "short",
        "",
        "../x",
    ] {
        assert_eq!(request(&root, name), Err(Errno::EINVAL), "{name}");
    }
    assert_eq!(request(&root, "missing"), Err(Errno::ENOENT));
}

#[test]
fn the_cache_has_what_was_found_before_while_the_system_sleeps() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"code");
    let loader = loader(&root).build();
    loader.request("x", Options::REQUEST).unwrap();
    loader.cache();
    std::fs::remove_file(root.path().join("lib/firmware/x")).unwrap();
    assert_eq!(*loader.request("x", Options::REQUEST).unwrap(), *b"code");
    loader.uncache();
    assert_eq!(loader.request("x", Options::REQUEST), Err(Errno::ENOENT));
}

#[test]
fn the_fallback_is_asked_only_when_it_may_be() {
    let root = tempfile::tempdir().unwrap();
    let by = |settings| {
        let builder = loader(&root).settings(settings);
        builder
            .fallback(|wanted| Some(wanted.name.as_encoded_bytes().to_vec()))
            .build()
    };
    let usual = by(Settings::default());
    assert_eq!(usual.request("x", Options::REQUEST), Err(Errno::ENOENT));
    assert_eq!(*usual.request("x", Options::NOWAIT_CUSTOM).unwrap(), *b"x");
    let forced = by(Settings {
        force_sysfs_fallback: true,
        ..Settings::default()
    });
    assert_eq!(*forced.request("x", Options::REQUEST).unwrap(), *b"x");
    assert_eq!(forced.request("x", Options::DIRECT), Err(Errno::ENOENT));
}

#[test]
fn a_fallback_that_is_late_or_gives_up_is_no_answer() {
    let root = tempfile::tempdir().unwrap();
    let settings = Settings {
        force_sysfs_fallback: true,
        timeout: 1,
        ..Settings::default()
    };
    let late = loader(&root).settings(settings).fallback(|_| {
        std::thread::sleep(Duration::from_secs(3));
        Some(b"late".to_vec())
    });
    assert_eq!(
        late.build().request("x", Options::REQUEST),
        Err(Errno::ETIMEDOUT)
    );
    let given_up = loader(&root).settings(settings).fallback(|_| None);
    assert_eq!(
        given_up.build().request("x", Options::REQUEST),
        Err(Errno::ENOENT)
    );
}

#[test]
fn requests_at_the_same_time_share_one_load() {
    let root = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let loader = loader(&root)
        .settings(Settings {
            force_sysfs_fallback: true,
            ..Settings::default()
        })
        .fallback(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(300));
            Some(b"once".to_vec())
        })
        .build();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let image = loader.request("x", Options::REQUEST).unwrap();
                assert_eq!(*image, *b"once");
            });
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(!Path::new("/lib/firmware/x").exists());
}

#[test]
fn a_frozen_engine_does_not_ask() {
    let root = tempfile::tempdir().unwrap();
    let umh = Umh::new();
    let settings = Settings {
        force_sysfs_fallback: true,
        timeout: 1,
        ..Settings::default()
    };
    let loader = Loader::builder(&umh)
        .root(root.path())
        .settings(settings)
        .fallback(|_| Some(Vec::new()))
        .build();
    umh.freeze().unwrap();
    assert_eq!(loader.request("x", Options::REQUEST), Err(Errno::EAGAIN));
    assert_eq!(
        loader.request("x", Options::NOWAIT_UEVENT),
        Err(Errno::EBUSY)
    );
}

#[test]
fn a_file_comes_whole_into_a_buffer_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"0123456789");
    let loader = loader(&root).build();
    let mut buffer = [0; 12];
    assert_eq!(loader.request_into_buf("x", &mut buffer), Ok(10));
    assert_eq!(&buffer[..10], b"0123456789");
    assert_eq!(
        loader.request_into_buf("x", &mut buffer[..9]),
        Err(Errno::EFBIG)
    );
    assert_eq!(
        loader.request_into_buf("y", &mut buffer),
        Err(Errno::ENOENT)
    );
    for (path, packer) in [
        ("lib/firmware/zst", ["zstd", "-q", "--rm"].as_slice()),
        (
            "lib/firmware/xz",
            &["xz", "-C", "crc32", "--lzma2=dict=2MiB"],
        ),
    ] {
        put(&root, path, b"0123456789");
        if pack(&root, path, packer) {
            let name = path.rsplit('/').next().unwrap();
            let exact = &mut buffer[..10];
            assert_eq!(loader.request_into_buf(name, exact), Ok(10), "{name}");
            assert_eq!(exact, b"0123456789");
            let short = loader.request_into_buf(name, &mut buffer[..9]);
            assert_eq!(short, Err(Errno::EINVAL), "{name}");
        }
    }
}

#[test]
fn a_part_of_a_file_is_what_there_is_room_for() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"0123456789");
    let loader = loader(&root).built_in("in", *b"abcdef").build();
    let part = |name: &str, room: usize, offset| {
        let mut buffer = [0; 16];
        let read = loader.request_partial_into_buf(name, &mut buffer[..room], offset)?;
        Ok(buffer[..read].to_vec())
    };
    for (offset, room, text) in [
        (0, 10, b"0123456789".as_slice()),
        (0, 5, b"01234"),
        (1, 6, b"123456"),
        (2, 10, b"23456789"),
    ] {
        assert_eq!(part("x", room, offset), Ok(text.to_vec()));
    }
    assert_eq!(part("in", 3, 2), Ok(b"cde".to_vec()));
    for offset in [10, 11, u64::from(u32::MAX)] {
        assert_eq!(part("x", 5, offset), Err(Errno::ENOENT));
    }
}

#[test]
fn what_a_resume_would_have_in_the_cache_goes_nowhere_else() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"code");
    let loader = Arc::new(loader(&root).build());
    let mut buffer = [0; 8];
    assert_eq!(loader.request_into_buf("x", &mut buffer), Ok(4));
    loader.remember("x");
    let refused = Err(Errno::EOPNOTSUPP);
    assert_eq!(loader.request_into_buf("x", &mut buffer), refused);
    assert_eq!(
        loader.request_partial_into_buf("x", &mut buffer, 1),
        refused
    );
    assert_eq!(
        loader.request_nowait("x", Options::NOWAIT_CUSTOM, |_| ()),
        Err(Errno::EOPNOTSUPP)
    );
    loader.cache();
    std::fs::remove_file(root.path().join("lib/firmware/x")).unwrap();
    assert_eq!(*loader.request("x", Options::REQUEST).unwrap(), *b"code");
}

#[test]
fn who_does_not_wait_is_called_back() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"code");
    let loader = Arc::new(loader(&root).build());
    let (done, results) = std::sync::mpsc::channel();
    for name in ["x", "y"] {
        let done = done.clone();
        let tell = move |found: Result<_, _>| done.send((name, found)).unwrap();
        loader
            .request_nowait(name, Options::NOWAIT_UEVENT, tell)
            .unwrap();
    }
    let mut found: Vec<_> = (0..2).map(|_| results.recv().unwrap()).collect();
    found.sort_by_key(|(name, _)| *name);
    assert_eq!(found[0], ("x", Ok((*b"code").into())));
    assert_eq!(found[1], ("y", Err(Errno::ENOENT)));
}

#[test]
fn the_platforms_copy_is_for_who_asks_for_it() {
    let root = tempfile::tempdir().unwrap();
    let loader = loader(&root).platform("x", *b"rom").build();
    assert_eq!(loader.request("x", Options::REQUEST), Err(Errno::ENOENT));
    assert_eq!(*loader.request("x", Options::PLATFORM).unwrap(), *b"rom");
}

#[test]
fn the_fallback_answers_also_where_a_broken_file_lies() {
    let root = tempfile::tempdir().unwrap();
    put(&root, "lib/firmware/x", b"");
    let settings = Settings {
        force_sysfs_fallback: true,
        ..Settings::default()
    };
    let by = |answer: &'static [u8]| {
        let builder = loader(&root).settings(settings);
        builder.fallback(|_| Some(answer.to_vec())).build()
    };
    let answered = by(b"good");
    assert_eq!(
        answered.request_into_buf("x", &mut [0; 3]),
        Err(Errno::ENOMEM)
    );
    assert_eq!(*answered.request("x", Options::REQUEST).unwrap(), *b"good");
    let nothing = by(b"").request("x", Options::REQUEST);
    assert_eq!(nothing, Err(Errno::ENOENT), "no bytes are no file");
}
