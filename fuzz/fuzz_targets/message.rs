// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary invocations: parsing never panics, and whatever is recognised is
//! written in the kernel's form, which is read back as the same.
//!
//! Input, made so that `seeds/message` is text: two bytes of fingerprint, the
//! argument words, `|`, the environment words; NUL or newline ends a word.
//! Three bits of the fingerprint append an environment, which no mutation
//! would find whole.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_abi::{Block, Caller, Descriptor, Fingerprint, Invocation, Message, Parent, Words};

fuzz_target!(|input: &[u8]| {
    let [marks, fds, words @ ..] = input else {
        return;
    };
    let mut halves = words.splitn(2, |byte| *byte == b'|');
    let argv = terminated(halves.next().unwrap_or_default());
    let usual = ENVIRONMENTS
        .get(usize::from(marks >> 5))
        .copied()
        .unwrap_or_default();
    let envp = [&terminated(halves.next().unwrap_or_default()), usual].concat();
    let (Some(argv), Some(envp)) = (Words::new(&argv), Words::new(&envp)) else {
        unreachable!("both are terminated");
    };
    let invocation = Invocation {
        argv,
        envp,
        fingerprint: fingerprint(*marks, *fds),
    };
    let Ok(message) = Message::parse(&invocation) else {
        return;
    };

    let mut block = Block::<8192>::new();
    let Some(written) = message.write_to(&mut block) else {
        assert!(words.len() > 4096, "{message:?} does not fit");
        return;
    };
    let again = Message::parse(&written);
    // With the environment rebuilt, the one overlap of two callers comes out.
    let overlap = message.caller() == Caller::Poweroff
        && again.is_ok_and(|again| again.caller() == Caller::ReleaseAgent);
    assert!(
        again == Ok(message) || overlap,
        "{message:?} became {again:?}"
    );
});

fn terminated(words: &[u8]) -> Vec<u8> {
    let ended = |byte: &u8| if *byte == b'\n' { 0 } else { *byte };
    let mut block: Vec<u8> = words.iter().map(ended).collect();
    if block.last().is_some_and(|last| *last != 0) {
        block.push(0);
    }
    block
}

/// Zeros are the marks of a waiting kernel caller, so that most inputs get far.
fn fingerprint(marks: u8, fds: u8) -> Fingerprint {
    let descriptor = |bits: u8| match bits & 3 {
        1 => Descriptor::Pipe,
        2 => Descriptor::Other,
        _ => Descriptor::Closed,
    };
    Fingerprint {
        parent: match marks & 3 {
            0 => Parent::Kworker,
            1 => Parent::Kthreadd,
            2 => Parent::Unknown,
            _ => Parent::Process,
        },
        sessionless: marks & 4 == 0,
        root: marks & 8 == 0,
        core_limit_one: marks & 16 != 0,
        stdin: descriptor(fds),
        pidfd: descriptor(fds >> 2),
        other_fds: fds & 16 != 0,
    }
}

const ENVIRONMENTS: [&[u8]; 6] = [
    b"",
    b"",
    b"HOME=/\0TERM=linux\0PATH=/sbin:/usr/sbin:/bin:/usr/bin\0",
    b"HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0",
    b"HOME=/\0PATH=/sbin:/bin\0",
    b"SEQNUM=1\0HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0",
];
