// SPDX-License-Identifier: MIT OR Apache-2.0

//! Arbitrary calls: a line for the kernel's log is printable ASCII, one line,
//! never too long, and ends with its last field.
//!
//! Input: one byte each for caller, decision and reason; then rule, detail and
//! target, each ending with 0xff, and the argument list.

#![no_main]

use libfuzzer_sys::fuzz_target;

use umh_abi::{Caller, Words};
use umh_helper::audit::line::{Line, MOST, Priority};
use umh_helper::audit::{End, Entry, Level};
use umh_helper::verdict::{Decision, Reason};

fuzz_target!(|input: &[u8]| {
    let [caller, decision, reason, rest @ ..] = input else {
        return;
    };
    let mut parts = rest.splitn(4, |byte| *byte == 0xff);
    let mut part = || parts.next().unwrap_or_default();
    let (rule, detail, target) = (String::from_utf8_lossy(part()), part(), part());
    let argv = [part(), b"\0"].concat();
    let entry = Entry {
        caller: Caller::ALL.get(usize::from(*caller)).copied(),
        argv: Words::new(&argv).expect("the last word is terminated"),
        rule: &rule,
        decision: Decision::ALL[usize::from(*decision) % Decision::ALL.len()],
        reason: Reason::ALL[usize::from(*reason) % Reason::ALL.len()],
        detail,
        target,
        log: Level::All,
    };

    let mut call = Line::call(Priority::Warning, &entry);
    call.end(End::Killed(i32::MIN), u64::MAX);
    call.suppressed(u64::MAX);
    assert!(check(call.finish()).ends_with(" suppressed=4294967295"));
    check(Line::complaint(format_args!("{rule}: {}", String::from_utf8_lossy(&argv))).finish());
});

fn check(line: &[u8]) -> &str {
    assert!(line.len() <= MOST);
    let text = line.strip_suffix(b"\n").expect("a line ends");
    assert!(text.iter().all(|byte| (b' '..=b'~').contains(byte)));
    std::str::from_utf8(text).expect("ASCII")
}
