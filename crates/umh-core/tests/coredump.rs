// SPDX-License-Identifier: MIT OR Apache-2.0

//! A core is to be saved.

#![cfg(not(loom))]

mod scripted;

use std::cell::Cell;

use scripted::{Script, Scripted, TestCall, exits_with, noted, requested};
use umh_abi::coredump::pattern::{Crash, Kernel, Pattern, Pipe};
use umh_core::coredump::{self, Cores, NoCore};
use umh_core::errno::Errno;

thread_local! {
    /// Whether the call's `init` has made the pipe.
    static PIPE: Cell<bool> = const { Cell::new(true) };
}

impl Cores for Scripted {
    fn core_helper(&self, pipe: &Pipe<'_>, crash: &Crash<'_>) -> Option<TestCall> {
        let mut words = Vec::new();
        pipe.expand(crash, &mut |piece| words.extend_from_slice(piece));
        noted(words.escape_ascii().to_string());
        self.call(Some("/usr/bin/save"))
    }

    fn has_pipe(&self) -> bool {
        PIPE.get()
    }
}

fn crash(core_limit: u64) -> Crash<'static> {
    Crash {
        pid: 4,
        global_pid: 104,
        tid: 4,
        global_tid: 104,
        uid: 0,
        gid: 0,
        dumpable: 1,
        signal: 11,
        time: 0,
        hostname: b"h",
        comm: b"c",
        executable: None,
        core_limit,
        cpu: 0,
    }
}

#[test]
fn a_core_goes_to_the_pipe_unless_something_forbids_it() {
    let Ok(Pattern::Pipe(pipe)) = Pattern::parse(b"|/usr/bin/save %P", Kernel::V6_12) else {
        panic!("it is one");
    };
    let host = exits_with(0);
    let start = |core_limit, dumping, limit| {
        coredump::start(&host, &pipe, &crash(core_limit), dumping, limit)
    };
    // No limit but 1 counts.
    for core_limit in [0, 2, u64::MAX] {
        assert_eq!(start(core_limit, 1, 1), Ok(()));
    }
    assert_eq!(requested(), ["/usr/bin/save\\x00104\\x00"; 3]);
    assert_eq!(start(1, 1, 0), Err(NoCore::Recursion));
    assert_eq!(start(0, 3, 2), Err(NoCore::Limit));
    assert_eq!(start(0, 3, 0), Ok(()));

    PIPE.set(false);
    assert_eq!(start(0, 1, 0), Err(NoCore::Disabled));
    let missing = Scripted::new(Script {
        execve: Err(Errno::ENOENT),
        ..Script::default()
    });
    let failed = coredump::start(&missing, &pipe, &crash(0), 1, 0);
    assert_eq!(failed, Err(NoCore::Failed(Errno::ENOENT.into())));
}
