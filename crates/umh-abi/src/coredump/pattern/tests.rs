// SPDX-License-Identifier: MIT OR Apache-2.0

//! The grammar against what kernels were seen to do.

extern crate std;

use super::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

const CRASH: Crash<'_> = Crash {
    pid: 7,
    global_pid: 4711,
    tid: 8,
    global_tid: 4712,
    uid: 1000,
    gid: 100,
    dumpable: 1,
    signal: 11,
    time: 1_792_000_000,
    hostname: b"box",
    comm: b"a b",
    executable: Some(b"/usr/bin/a b"),
    core_limit: u64::MAX,
    cpu: 3,
};

fn pipe(pattern: &[u8]) -> Pipe<'_> {
    match Pattern::parse(pattern, Kernel::V7_2) {
        Ok(Pattern::Pipe(pipe)) => pipe,
        other => panic!("{}: {other:?}", pattern.escape_ascii()),
    }
}

fn argv(pattern: &[u8], crash: &Crash<'_>) -> Vec<u8> {
    let mut block = Vec::new();
    pipe(pattern).expand(crash, &mut |piece| block.extend_from_slice(piece));
    block
}

fn name(pattern: &[u8], crash: &Crash<'_>, uses_pid: bool) -> Vec<u8> {
    let Ok(Pattern::File(file)) = Pattern::parse(pattern, Kernel::V7_2) else {
        panic!("{} is no file", pattern.escape_ascii());
    };
    let mut name = Vec::new();
    file.expand(crash, uses_pid, &mut |piece| name.extend_from_slice(piece));
    name
}

fn socket(pattern: &[u8]) -> Result<Socket<'_>, Refused> {
    Pattern::parse(pattern, Kernel::V7_2).map(|pattern| match pattern {
        Pattern::Socket(socket) => socket,
        other => panic!("{other:?}"),
    })
}

#[test]
fn each_specifier_has_its_value() {
    let all = b"|/h %p %P %i %I %u %g %d %s %t %h %e %f %E %c %C %F %%";
    let values =
        b"/h\x007\x004711\x008\x004712\x001000\x00100\x001\x0011\x001792000000\0box\0a b\0a b\0\
                   !usr!bin!a b\x0018446744073709551615\x003\x003\0%\0";
    assert_eq!(
        argv(all, &CRASH).escape_ascii().to_string(),
        values.escape_ascii().to_string()
    );
    assert_eq!(Specifier::ALL.len() + 2, pipe(all).words().count());
}

#[test]
fn words_are_split_before_values_are_put_in() {
    assert_eq!(argv(b"|/h %e x", &CRASH), b"/h\0a b\0x\0");
}

#[test]
fn space_around_the_words_is_nothing() {
    assert_eq!(argv(b"|  /h\t x  ", &CRASH), b"/h\0x\0");
}

#[test]
fn the_kernels_no_break_space_splits_too() {
    assert_eq!(argv(b"|/h\xa0x\x0by", &CRASH), b"/h\0x\0y\0");
}

#[test]
fn a_word_of_nothing_is_an_empty_argument() {
    assert_eq!(argv(b"|/h %z x", &CRASH), b"/h\0\0x\0");
    assert_eq!(argv(b"|/h %z", &CRASH), b"/h\0\0");
    assert_eq!(argv(b"|/h %", &CRASH), b"/h\0\0");
}

#[test]
fn words_of_nothing_before_the_program_are_nothing() {
    assert_eq!(argv(b"|%z %y /h x", &CRASH), b"/h\0x\0");
    assert_eq!(argv(b"|  ", &CRASH), b"\0");
    assert_eq!(argv(b"|%z %", &CRASH), b"\0");
}

#[test]
fn an_unknown_specifier_takes_its_letter_with_it() {
    assert_eq!(argv(b"|/h a%zb", &CRASH), b"/h\0ab\0");
    assert_eq!(argv(b"|/h a% b", &CRASH), b"/h\0ab\0");
    assert_eq!(argv(b"|/h a%% b", &CRASH), b"/h\0a%\0b\0");
}

#[test]
fn there_is_no_quoting() {
    assert_eq!(argv(b"|/h \"a b\" \\ ", &CRASH), b"/h\0\"a\0b\"\0\\\0");
}

#[test]
fn names_cannot_leave_their_directory() {
    for (comm, word) in [
        (&b"a/b"[..], &b"a!b"[..]),
        (b"/", b"!"),
        (b"", b"!"),
        (b".", b"!"),
        (b"..", b"!."),
        (b"...", b"..."),
        (b"../x", b"..!x"),
    ] {
        let crash = Crash { comm, ..CRASH };
        assert_eq!(name(b"%e", &crash, false), word, "{}", comm.escape_ascii());
    }
}

#[test]
fn an_unknown_executable_is_named_by_its_comm() {
    let crash = Crash {
        executable: None,
        comm: b"x/y",
        ..CRASH
    };
    assert_eq!(name(b"%f", &crash, false), b"x!y (path unknown)");
    assert_eq!(name(b"%E", &crash, false), b"x!y (path unknown)");
}

#[test]
fn core_uses_pid_is_for_files_without_the_pid() {
    assert_eq!(name(b"core", &CRASH, true), b"core.7");
    assert_eq!(name(b"core", &CRASH, false), b"core");
    assert_eq!(name(b"c%p", &CRASH, true), b"c7");
    assert_eq!(name(b"c%P%i%I", &CRASH, true), b"c471184712.7");
    assert_eq!(name(b"", &CRASH, true), b".7");
    assert_eq!(name(b"", &CRASH, false), b"");
    assert_eq!(argv(b"|/h", &CRASH), b"/h\0");
}

#[test]
fn a_file_has_no_pidfd() {
    assert_eq!(name(b"c%F", &CRASH, false), b"c");
    assert!(pipe(b"|/h %F").has_pidfd());
    assert!(!pipe(b"|/h %%F").has_pidfd());
}

#[test]
fn the_setting_ends_at_a_newline_and_at_127_bytes() {
    assert_eq!(name(b"core\nx", &CRASH, false), b"core");
    assert_eq!(name(b"core\0x", &CRASH, false), b"core");
    let long = [b'x'; 200];
    assert_eq!(name(&long, &CRASH, false).len(), PATTERN_MAX);
    let mut cut = [b'x'; 200];
    cut[126] = b'%';
    cut[127] = b'p';
    assert_eq!(name(&cut, &CRASH, false), &[b'x'; 126]);
}

#[test]
fn at_most_63_words_fit() {
    let mut most = [b' '; PATTERN_MAX];
    for (index, byte) in most.iter_mut().enumerate() {
        if index % 2 == 1 {
            *byte = b'x';
        }
    }
    most[0] = b'|';
    assert_eq!(pipe(&most).words().count(), 63);
}

#[test]
fn a_bar_alone_is_refused_when_a_process_crashes() {
    let refused = Pattern::parse(b"|\n", Kernel::V6_12);
    assert_eq!(refused, Err(Refused::NoProgram));
    assert!(Refused::NoProgram.is_late());
}

#[test]
fn sockets_are_absolute_and_short_and_of_7_2() {
    assert_eq!(
        socket(b"@/run/c\n"),
        Ok(Socket {
            path: b"/run/c",
            request: false
        })
    );
    assert_eq!(
        socket(b"@@/run/%p"),
        Ok(Socket {
            path: b"/run/%p",
            request: true
        })
    );
    assert_eq!(socket(b"@"), Err(Refused::SocketRelative));
    assert_eq!(socket(b"@@"), Err(Refused::SocketRelative));
    assert_eq!(socket(b"@run/c"), Err(Refused::SocketRelative));
    assert_eq!(socket(b"@@@/run/c"), Err(Refused::SocketRelative));
    assert_eq!(socket(b"@/run/../c"), Err(Refused::SocketDotDot));
    assert_eq!(socket(b"@/run/.."), Err(Refused::SocketDotDot));
    assert_eq!(
        socket(b"@/run/..c"),
        Ok(Socket {
            path: b"/run/..c",
            request: false
        })
    );
    assert_eq!(socket(b"@/run/a b"), Err(Refused::SocketSpace));
    let mut path = [b'x'; 110];
    path[0] = b'@';
    path[1] = b'/';
    assert_eq!(
        socket(&path[..108]).map(|socket| socket.path.len()),
        Ok(SOCKET_MAX)
    );
    assert_eq!(socket(&path[..109]), Err(Refused::SocketTooLong));
    let old = Pattern::parse(b"@/run/c", Kernel::V6_12);
    assert!(matches!(old, Ok(Pattern::File(_))));
}

type Found = Vec<(Specifier, Option<Vec<u8>>)>;

fn read(pattern: &[u8], block: &[u8]) -> Option<Found> {
    let mut found = Found::new();
    let argv = Words::new(block).expect("terminated");
    let read = pipe(pattern).read(&argv, &mut |specifier, value| {
        found.push((specifier, value.map(<[u8]>::to_vec)));
    });
    read.then_some(found)
}

#[test]
fn an_argument_list_is_read_back() {
    let found = read(b"|/h %P --sig=%s. %e%h", b"/h\x004711\0--sig=11.\0ab\0");
    let expected = vec![
        (Specifier::GlobalPid, Some(b"4711".to_vec())),
        (Specifier::Signal, Some(b"11".to_vec())),
        (Specifier::Comm, None),
        (Specifier::Hostname, None),
    ];
    assert_eq!(found, Some(expected));
}

#[test]
fn an_argument_list_of_another_pattern_is_not() {
    for block in [
        &b"/h\x0047\0x\0"[..],
        b"/h\0",
        b"/g\x0047\0",
        b"/h\x0047x\0",
        b"/h\x00047\0",
        b"/h\0\0",
    ] {
        assert_eq!(read(b"|/h %P", block), None, "{}", block.escape_ascii());
    }
    for word in [&b"a/b\0"[..], b"..\0", b"\0"] {
        let block = [b"/h\0", word].concat();
        assert_eq!(read(b"|/h %e", &block), None, "{}", word.escape_ascii());
    }
    assert_eq!(
        read(b"|/h a%pb%ic", b"/h\0a1c\0").map(|found| found.len()),
        Some(2)
    );
    assert_eq!(read(b"|/h a%pb%ic", b"/h\0b1c\0"), None);
}
