// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary core patterns and crashes: an expansion has the words of its
//! pattern, names stay components, and an argument list is read back.
//!
//! Input: pattern, host name, comm, executable and a stranger's argument list,
//! each ending with NUL.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_abi::Words;
use umh_abi::coredump::pattern::{Crash, Kernel, Pattern, Pipe, Socket};

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(5, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (pattern, hostname, comm, executable, strangers) = (part(), part(), part(), part(), part());
    let crash = Crash {
        pid: 7,
        global_pid: 4711,
        tid: 8,
        global_tid: u32::MAX,
        uid: 1000,
        gid: 0,
        dumpable: 2,
        signal: 11,
        time: 1_792_000_000,
        hostname,
        comm,
        executable: (!executable.is_empty()).then_some(executable),
        core_limit: u64::MAX,
        cpu: 3,
    };
    for kernel in [Kernel::V6_12, Kernel::V7_2] {
        match Pattern::parse(pattern, kernel) {
            Ok(Pattern::Pipe(pipe)) => check(&pipe, &crash, strangers),
            Ok(Pattern::File(file)) => {
                let mut name = Vec::new();
                file.expand(&crash, true, &mut |piece| name.extend_from_slice(piece));
                let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
                assert!(
                    slashes(&name) <= slashes(pattern),
                    "{}",
                    name.escape_ascii()
                );
            }
            Ok(Pattern::Socket(Socket { path, .. })) => assert!(path.starts_with(b"/")),
            Err(_refused) => {}
        }
    }
});

fn check(pipe: &Pipe<'_>, crash: &Crash<'_>, strangers: &[u8]) {
    let mut block = Vec::new();
    pipe.expand(crash, &mut |piece| block.extend_from_slice(piece));
    let argv = Words::new(&block).expect("each word ends with a NUL");
    assert_eq!(argv.len(), pipe.words().count());
    assert!(pipe.read(&argv, &mut |_, _| {}), "{argv:?}");

    let block = [strangers, b"\0"].concat();
    let argv = Words::new(&block).expect("it ends with a NUL");
    pipe.read(&argv, &mut |specifier, value| {
        let known = value.is_none_or(|value| {
            block
                .windows(value.len().max(1))
                .any(|at| at.starts_with(value))
        });
        assert!(known, "{specifier:?}");
    });
}
