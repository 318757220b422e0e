// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is looked at, in which order, and what decides.

use std::string::String;
use std::vec::Vec;

use super::*;

const SEARCH: Search<'_> = Search {
    custom: b"",
    release: b"6.12.0",
    packings: &[Packing::Zst, Packing::Xz],
};

/// The places that are looked at for `name`, and the result, when each place
/// says what `answers` says of it (`ENOENT` if nothing).
fn looked_at(
    search: &Search<'_>,
    name: &str,
    options: Options,
    answers: &[(&str, Result<(), Errno>)],
) -> (Vec<String>, Result<(), Errno>) {
    let mut places = Vec::new();
    let result = search.find(name.as_bytes(), options, |place| {
        let place = match place {
            Place::BuiltIn => String::from("built in"),
            Place::Platform => String::from("platform"),
            Place::File { path, .. } => String::from_utf8(path.concat()).unwrap(),
        };
        let answer = answers.iter().find(|(at, _)| *at == place);
        places.push(place);
        answer.map_or(Err(Errno::ENOENT), |(_, answer)| *answer)
    });
    (places, result)
}

#[test]
fn a_suffix_goes_through_all_directories_before_the_next() {
    let search = Search {
        custom: b"/opt/fw\nignored",
        ..SEARCH
    };
    let (places, result) = looked_at(&search, "a/b.bin", Options::PLATFORM, &[]);
    let mut expected = Vec::from([String::from("built in")]);
    for suffix in ["", ".zst", ".xz"] {
        for directory in [
            "/opt/fw",
            "/lib/firmware/updates/6.12.0",
            "/lib/firmware/updates",
            "/lib/firmware/6.12.0",
            "/lib/firmware",
        ] {
            expected.push([directory, "/a/b.bin", suffix].concat());
        }
    }
    expected.push(String::from("platform"));
    assert_eq!((places, result), (expected, Err(Errno::ENOENT)));
}

#[test]
fn an_early_error_hides_behind_a_later_missing_file() {
    let unreadable = [("/lib/firmware/updates/x", Err(Errno::EACCES))];
    let (places, result) = looked_at(&SEARCH, "x", Options::REQUEST, &unreadable);
    assert_eq!((places.len(), result), (13, Err(Errno::ENOENT)));
}

#[test]
fn the_last_directorys_error_ends_the_search() {
    let unreadable = [("/lib/firmware/x", Err(Errno::EACCES))];
    let (places, result) = looked_at(&SEARCH, "x", Options::PLATFORM, &unreadable);
    assert_eq!((places.len(), result), (5, Err(Errno::EACCES)));
}

#[test]
fn a_part_of_a_file_is_never_unpacked() {
    let (places, result) = looked_at(&SEARCH, "x", Options::PARTIAL_INTO_BUF, &[]);
    assert_eq!((places.len(), result), (5, Err(Errno::ENOENT)));
    let everywhere = Options::PARTIAL_INTO_BUF | Options::FALLBACK_PLATFORM;
    let (places, _) = looked_at(&SEARCH, "x", everywhere, &[]);
    assert_eq!(places.len(), 5, "nor the platform's");
    let force = Settings {
        force_sysfs_fallback: true,
        ..Settings::default()
    };
    assert!(!falls_back(&force, everywhere, true), "nor user space's");
}

#[test]
fn what_is_built_in_comes_first() {
    let (places, result) = looked_at(&SEARCH, "x", Options::REQUEST, &[("built in", Ok(()))]);
    assert_eq!((places.len(), result), (1, Ok(())));
}

#[test]
fn names_that_climb_or_are_empty_are_refused() {
    for name in ["", "..", "../x", "a/../b", "a/.."] {
        let (places, result) = looked_at(&SEARCH, name, Options::REQUEST, &[]);
        assert_eq!((places.len(), result), (0, Err(Errno::EINVAL)), "{name}");
    }
    let (places, _) = looked_at(&SEARCH, "a..b/..c", Options::REQUEST, &[]);
    assert_eq!(places.len(), 13);
}

#[test]
fn a_path_too_long_ends_its_pass() {
    let name = "n".repeat(4096 - "/lib/firmware/updates/6.12.0/".len());
    let (places, result) = looked_at(&SEARCH, &name, Options::REQUEST, &[]);
    assert_eq!((places.len(), result), (1, Err(Errno::ENAMETOOLONG)));
}

#[test]
fn only_a_request_without_uevent_asks_user_space_by_default() {
    let default = Settings::default();
    for (options, asks) in [
        (Options::REQUEST, false),
        (Options::DIRECT, false),
        (Options::NOWAIT_UEVENT, false),
        (Options::NOWAIT_CUSTOM, true),
    ] {
        assert_eq!(falls_back(&default, options, true), asks);
        assert!(!falls_back(&default, options, false));
    }
}

#[test]
fn ignoring_wins_over_forcing_and_direct_over_both() {
    let force = Settings {
        force_sysfs_fallback: true,
        ..Settings::default()
    };
    assert!(falls_back(&force, Options::REQUEST, true));
    assert!(!falls_back(&force, Options::DIRECT, true));
    let ignore = Settings {
        ignore_sysfs_fallback: true,
        ..force
    };
    assert!(!falls_back(&ignore, Options::NOWAIT_CUSTOM, true));
}

#[test]
fn what_is_kept_for_resume_was_asked_for_by_a_device_with_a_uevent() {
    assert!(Options::REQUEST.is_cached(true));
    assert!(!Options::REQUEST.is_cached(false));
    assert!(!Options::INTO_BUF.is_cached(true));
    assert!(!Options::NOWAIT_CUSTOM.is_cached(true));
    assert!(Options::DIRECT.is_shared() && !Options::INTO_BUF.is_shared());
    for (options, against) in [
        (Options::REQUEST, false),
        (Options::NOWAIT_UEVENT, false),
        (Options::NOWAIT_CUSTOM, true),
        (Options::INTO_BUF, true),
        (Options::PARTIAL_INTO_BUF, true),
    ] {
        assert_eq!(options.is_against_cache(), against, "{options:?}");
    }
}
