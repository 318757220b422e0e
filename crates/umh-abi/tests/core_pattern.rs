// SPDX-License-Identifier: MIT OR Apache-2.0

//! The grammar of `core_pattern` against the kernel's own way through it, one
//! byte after the other, and argument lists read back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use umh_abi::Words;
use umh_abi::coredump::pattern::{Crash, Kernel, Pattern, Pipe, Refused, Specifier};

/// What `format_corename` of 6.12 leaves: one buffer, words cut by NUL.
/// `value` gives the expansion of a known letter.
fn kernels_argv(pattern: &[u8], value: impl Fn(u8) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut was_space = false;
    let mut bytes = pattern.iter().copied().skip(1);
    while let Some(byte) = bytes.next() {
        if byte == b' ' || byte.is_ascii_whitespace() || byte == 0x0b || byte == 0xa0 {
            was_space |= !buffer.is_empty();
            continue;
        }
        if std::mem::take(&mut was_space) {
            buffer.push(0);
        }
        if byte != b'%' {
            buffer.push(byte);
            continue;
        }
        match bytes.next() {
            None => break,
            Some(b'%') => buffer.push(b'%'),
            Some(letter) => buffer.extend(value(letter).unwrap_or_default()),
        }
    }
    buffer.push(0);
    buffer
}

fn expanded(pipe: &Pipe<'_>, crash: &Crash<'_>) -> Vec<u8> {
    let mut argv = Vec::new();
    pipe.expand(crash, &mut |piece| argv.extend_from_slice(piece));
    argv
}

/// The value of one specifier alone.
fn value(letter: u8, crash: &Crash<'_>) -> Option<Vec<u8>> {
    Specifier::of(letter)?;
    let pattern = [b'|', b'%', letter];
    let Ok(Pattern::Pipe(pipe)) = Pattern::parse(&pattern, Kernel::V6_12) else {
        panic!("a pipe");
    };
    let mut argv = expanded(&pipe, crash);
    argv.pop();
    Some(argv)
}

/// Patterns with much of what is special in them.
fn pattern() -> impl Strategy<Value = Vec<u8>> {
    let special = select(b"%%%%%%pPiIugdsthefEcCFz  \t\xa0\x0b/.-x1".to_vec());
    vec(prop_oneof![9 => special, 1 => 1u8..], 1..60).prop_map(|mut bytes| {
        bytes.retain(|byte| *byte != b'\n');
        bytes.insert(0, b'|');
        bytes
    })
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![select(b"./ %ab".to_vec()), 1u8..], 0..20)
}

#[derive(Debug, Clone)]
struct Names {
    hostname: Vec<u8>,
    comm: Vec<u8>,
    executable: Option<Vec<u8>>,
}

fn names() -> impl Strategy<Value = Names> {
    (text(), text(), option::of(text())).prop_map(|(hostname, comm, executable)| Names {
        hostname,
        comm,
        executable,
    })
}

fn crash(names: &Names, numbers: [u32; 9], time: u64, core_limit: u64) -> Crash<'_> {
    let [
        pid,
        global_pid,
        tid,
        global_tid,
        uid,
        gid,
        dumpable,
        signal,
        cpu,
    ] = numbers;
    Crash {
        pid,
        global_pid,
        tid,
        global_tid,
        uid,
        gid,
        dumpable,
        signal,
        time,
        hostname: &names.hostname,
        comm: &names.comm,
        executable: names.executable.as_deref(),
        core_limit,
        cpu,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_expansion_is_the_kernels(
        pattern in pattern(),
        names in names(),
        numbers: [u32; 9],
        time: u64,
        core_limit: u64,
    ) {
        let crash = crash(&names, numbers, time, core_limit);
        match Pattern::parse(&pattern, Kernel::V7_2) {
            Ok(Pattern::Pipe(pipe)) => prop_assert_eq!(
                expanded(&pipe, &crash),
                kernels_argv(&pattern, |letter| value(letter, &crash))
            ),
            other => prop_assert_eq!((other, &pattern[..]), (Err(Refused::NoProgram), &b"|"[..])),
        }
    }

    #[test]
    fn what_is_expanded_is_read_back(
        pattern in pattern(),
        names in names(),
        numbers: [u32; 9],
        time: u64,
        core_limit: u64,
    ) {
        let crash = crash(&names, numbers, time, core_limit);
        let Ok(Pattern::Pipe(pipe)) = Pattern::parse(&pattern, Kernel::V6_12) else {
            return Ok(());
        };
        let argv = expanded(&pipe, &crash);
        let argv = Words::new(&argv).expect("each word ends with a NUL");
        let mut right = true;
        let read = pipe.read(&argv, &mut |specifier, text| {
            let expected = value(specifier.letter(), &crash);
            right &= text.is_none_or(|text| expected.as_deref() == Some(text));
        });
        prop_assert!(read && right, "{:?}", argv);
    }

    #[test]
    fn no_pattern_and_no_argument_list_is_too_odd(
        pattern in vec(any::<u8>(), 0..200),
        mut argv in vec(any::<u8>(), 0..200),
    ) {
        argv.push(0);
        let argv = Words::new(&argv).expect("it ends with a NUL");
        if let Ok(Pattern::Pipe(pipe)) = Pattern::parse(&pattern, Kernel::V7_2) {
            pipe.read(&argv, &mut |_, _| {});
        }
    }
}
