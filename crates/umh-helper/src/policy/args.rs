// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which arguments fit a rule: fixed words and typed holes.
//!
//! | hole | takes | for |
//! | --- | --- | --- |
//! | `{module}` | up to 55 bytes from `!` to `~` without `/`, not beginning with `.` | the name of `modprobe -q -- NAME` |
//! | `{u32}` `{u64}` | a decimal number of that size | `%u`, `%g`, `%t`, `%c` of core_pattern |
//! | `{pid}` | 1 to 4194304 (`PID_MAX_LIMIT`) | `%P`, `%p`, `%i` |
//! | `{id}` | a user or group id as `%d` writes it: negative from 2³¹ on | request-key |
//! | `{serial}` | a key's number, 0 for none | request-key |
//! | `{signal}` | 1 to 64 | `%s` |
//! | `{dumpable}` | 0, 1 or 2 | `%d` |
//! | `{fd}` | `3`, or nothing from a kernel that has no `%F` | `%F` |
//! | `{comm}` | 1 to 15 bytes without `/` | `%e` |
//! | `{hostname}` | 1 to 64 bytes without `/` | `%h`, the NFS cache |
//! | `{path-escaped}` | 1 to 4095 bytes without `/` | `%E` |
//! | `{name}` | 1 to 255 bytes without `/` | `%f` and other names |
//! | `{ifname}` | 1 to 15 bytes without `/`, `:` and blanks, not `.` or `..` | bridges |
//! | `{cgroup}` | an absolute path in plain form | the release agent |
//! | `{hex}` | hexadecimal digits | nfsdcltrack |
//! | `{word}` | 1 to 255 bytes from `!` to `~` | other words of the kernel's own making |
//! | `{start\|stop}` | one of the words | commands |
//!
//! A word may have text before its one hole: `-p{pid}`. A hole with `?`, as
//! in `{fd?}`, may be missing with all after it.
//!
//! No hole takes a word that begins with `-`, so that none becomes an option
//! of the program, except: after a fixed `--`; `{id}`, whose `-` only a
//! number follows; and in rules of `coredump` the names, which are strangers'
//! bytes at a known position (`%e` can be `-f`).

mod pattern;

use umh_abi::Caller;

use crate::toml::Strings;
use pattern::{Dash, Pattern};

/// Whether `words` are what `patterns` describe.
pub fn fit<'w>(
    patterns: Strings<'_>,
    caller: Caller,
    words: impl Iterator<Item = &'w [u8]>,
) -> bool {
    misfit(patterns, caller, words).is_none()
}

/// The first word that does not fit; empty if one is missing.
pub fn misfit<'w>(
    patterns: Strings<'_>,
    caller: Caller,
    mut words: impl Iterator<Item = &'w [u8]>,
) -> Option<&'w [u8]> {
    let mut dash = Dash {
        caller,
        options_ended: false,
    };
    for pattern in patterns.iter() {
        let Some(pattern) = Pattern::read(pattern) else {
            return Some(words.next().unwrap_or(b""));
        };
        match words.next() {
            None if pattern.is_optional() => return None,
            None => return Some(b""),
            Some(word) if !pattern.takes(word, &dash) => return Some(word),
            Some(_) => dash.options_ended |= pattern.is_end_of_options(),
        }
    }
    words.next()
}

/// What is wrong with `patterns`, if anything: the pattern and the fault.
pub fn fault<'p>(patterns: Strings<'p>) -> Option<(&'p str, &'static str)> {
    let mut optional = false;
    for text in patterns.iter() {
        let Some(pattern) = Pattern::read(text) else {
            return Some((text, "no such hole: the holes are listed in umh-policy(5)"));
        };
        if optional && !pattern.is_optional() {
            return Some((text, "follows a hole with `?`: only such holes may follow"));
        }
        optional = pattern.is_optional();
    }
    None
}

/// Whether every word list that fits `narrow` fits `wide`, as far as can be
/// told from each word alone.
pub fn within(narrow: Strings<'_>, wide: Strings<'_>, caller: Caller) -> bool {
    let mut dash = Dash {
        caller,
        options_ended: false,
    };
    let mut wide = wide.iter();
    for narrow in narrow.iter() {
        let Some((narrow, wide)) = Pattern::read(narrow).zip(wide.next().and_then(Pattern::read))
        else {
            return false;
        };
        if !narrow.within(&wide, &dash) {
            return false;
        }
        // The same in both, or `narrow` would not be within `wide`.
        dash.options_ended |= narrow.is_end_of_options() && wide.is_end_of_options();
    }
    wide.filter_map(Pattern::read)
        .all(|rest| rest.is_optional())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_for(caller: Caller, patterns: &[&str], words: &[&[u8]]) -> bool {
        assert_eq!(fault(Strings::list(patterns)), None);
        fit(Strings::list(patterns), caller, words.iter().copied())
    }

    fn takes(pattern: &str, word: &[u8]) -> bool {
        takes_for(Caller::Mce, &[pattern], &[word])
    }

    #[test]
    fn each_hole_takes_its_type() {
        let long = |count| vec![b'a'; count];
        for (pattern, good, bad) in [
            (
                "{u32}",
                &[&b"0"[..], b"4294967295"][..],
                &[&b""[..], b"4294967296", b"01", b"+1", b"-1", b"1 "][..],
            ),
            (
                "{u64}",
                &[b"18446744073709551615"],
                &[b"18446744073709551616", b"-0"],
            ),
            ("{pid}", &[b"1", b"4194304"], &[b"0", b"4194305"]),
            (
                "{id}",
                &[b"0", b"-2", b"4294967295", b"-2147483648"],
                &[b"-0", b"-", b"-a", b"-2147483649", b"--1"],
            ),
            ("{serial}", &[b"0", b"2147483647"], &[b"2147483648", b"-1"]),
            ("{signal}", &[b"1", b"64"], &[b"0", b"65"]),
            ("{dumpable}", &[b"0", b"2"], &[b"3"]),
            ("{fd}", &[b"3", b""], &[b"4"]),
            ("{comm}", &[b"a b\n\xff", b"!"], &[b"", b"a/b", &long(16)]),
            ("{hostname}", &[b"host.example"], &[b"", b"a/b", &long(65)]),
            (
                "{path-escaped}",
                &[b"!usr!bin!x (path unknown)"],
                &[b"", b"/usr", &long(4096)],
            ),
            ("{name}", &[b"x"], &[b"", b"../x", &long(256)]),
            (
                "{ifname}",
                &[b"br0", b"br-lan"],
                &[
                    b"",
                    b".",
                    b"..",
                    b"a/b",
                    b"a b",
                    b"a:b",
                    b"a\x0b",
                    &long(16),
                ],
            ),
            (
                "{cgroup}",
                &[b"/", b"/a b/c.slice"],
                &[b"", b"a", b"/a/../b", b"/a//b", b"/a/"],
            ),
            ("{hex}", &[b"00ffAA"], &[b"", b"0g", &long(4097)]),
            (
                "{word}",
                &[b"192.0.2.1", b"minor-3"],
                &[b"", b"a b", b"a\n", b"\xff", &long(256)],
            ),
            (
                "{start|stop}",
                &[b"start", b"stop"],
                &[b"", b"start|stop", b"restart"],
            ),
            (
                "{module}",
                &[b"net-pf-9", b"", b"crypto-cbc(aes)", b"a.b"],
                &[
                    b"/etc/x.ko",
                    b"./x.ko",
                    b"../x",
                    b"a/b",
                    b"a b",
                    b"\xff",
                    &long(56),
                ],
            ),
            ("-p{pid}", &[b"-p12"], &[b"-p", b"12", b"-px"]),
            ("fixed", &[b"fixed"], &[b"Fixed", b""]),
        ] {
            for word in good {
                assert!(takes(pattern, word), "{pattern} {}", word.escape_ascii());
            }
            for word in bad {
                assert!(!takes(pattern, word), "{pattern} {}", word.escape_ascii());
            }
        }
    }

    #[test]
    fn a_hole_takes_no_option_but_where_one_cannot_be() {
        for pattern in ["{word}", "{name}", "{module}", "{comm}", "{ifname}"] {
            assert!(!takes(pattern, b"-f"), "{pattern}");
            assert!(
                takes_for(Caller::Mce, &["--", pattern], &[b"--", b"-f"]),
                "{pattern}"
            );
        }
        for pattern in ["{name}", "{comm}", "{hostname}", "{path-escaped}"] {
            assert!(
                takes_for(Caller::Coredump, &[pattern], &[b"-f"]),
                "{pattern}"
            );
        }
        assert!(!takes_for(Caller::Coredump, &["{word}"], &[b"-f"]));
        assert!(!takes_for(Caller::Mce, &["{word}", "--"], &[b"-f", b"--"]));
    }

    #[test]
    fn only_the_last_holes_may_be_missing() {
        let patterns = &["{u32}", "{fd?}", "{word?}"][..];
        for words in [&[&b"1"[..]][..], &[b"1", b"3"], &[b"1", b"3", b"x"]] {
            assert!(takes_for(Caller::Mce, patterns, words));
        }
        for words in [&[][..], &[&b"1"[..], b"x"], &[b"1", b"3", b"x", b"y"]] {
            assert!(!takes_for(Caller::Mce, patterns, words));
        }
        assert!(fault(Strings::list(&["{fd?}", "{u32}"])).is_some());
    }

    #[test]
    fn what_is_no_hole_is_a_fault() {
        for pattern in [
            "{",
            "}",
            "{}",
            "{u16}",
            "{u32",
            "u32}",
            "a}{u32}",
            "{u32}x",
            "{u32}{u32}",
            "{?}",
            "{|}",
            "{a|}",
            "{a|b c}",
            "{a}",
        ] {
            assert!(fault(Strings::list(&[pattern])).is_some(), "{pattern}");
        }
    }

    #[test]
    fn narrower_patterns_are_known() {
        let narrower = |narrow: &[&str], wide: &[&str]| {
            within(Strings::list(narrow), Strings::list(wide), Caller::Mce)
        };
        assert!(narrower(&["-q", "--", "fuse"], &["-q", "--", "{module}"]));
        assert!(narrower(&["{pid}"], &["{u32}"]) && !narrower(&["{u32}"], &["{pid}"]));
        assert!(narrower(&["{comm}"], &["{name}"]) && !narrower(&["{name}"], &["{comm}"]));
        assert!(
            narrower(&["{stop|start}"], &["{start|stop|x}"])
                && !narrower(&["{start|x}"], &["{start|stop}"])
        );
        assert!(
            narrower(&["{u32}"], &["{u32}", "{fd?}"]) && !narrower(&["{u32}", "{fd?}"], &["{u32}"])
        );
        assert!(narrower(&["{fd}"], &["{fd?}"]) && !narrower(&["{fd?}"], &["{fd}"]));
        assert!(!narrower(&[], &["{u32}"]) && narrower(&[], &["{u32?}"]));
        assert!(!narrower(&["-f"], &["{word}"]) && !narrower(&["{word}"], &["x"]));
    }

    #[test]
    fn a_new_end_of_options_is_no_narrowing() {
        let narrower = |narrow: &[&str], wide: &[&str]| {
            within(Strings::list(narrow), Strings::list(wide), Caller::Coredump)
        };
        // `{comm}` takes `--` from a core's handler; after it `{word}` would
        // take `-f`, which it did not before.
        assert!(!narrower(&["--", "{word}"], &["{comm}", "{word}"]));
        assert!(narrower(&["--", "{word}"], &["--", "{word}"]));
        assert!(narrower(&["--", "--"], &["--", "{word}"]));
    }
}
