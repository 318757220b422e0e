// SPDX-License-Identifier: MIT OR Apache-2.0

//! Ten thousand denials from many processes.

use std::time::Instant;

use super::*;

const PROCESSES: usize = 8;
const CALLS_EACH: usize = 1250;

#[test]
fn ten_thousand_denials_are_counted_exactly_and_told_in_a_dozen_lines() {
    if let Some(machine) = Machine::inherited() {
        // Each call opens its own log, as each helper process does.
        for _ in 0..CALLS_EACH {
            machine
                .log()
                .begin(&entry(b"/tmp/evil\0-q\0--\0net-pf-9\0"))
                .close(End::Answered(1));
        }
        return;
    }
    let machine = Machine::new();
    let begin = Instant::now();
    let name =
        "audit::tests::storm::ten_thousand_denials_are_counted_exactly_and_told_in_a_dozen_lines";
    let storm: Vec<_> = (0..PROCESSES)
        .map(|_| machine.process(name).spawn().unwrap())
        .collect();
    for mut process in storm {
        assert!(process.wait().unwrap().success());
    }
    let seconds = begin.elapsed().as_secs();

    let calls = u64::try_from(PROCESSES * CALLS_EACH).unwrap();
    let lines = machine.lines();
    // Ten at once and one each ten seconds, should this machine be that slow.
    assert!(
        lines.len() >= 10 && lines.len() as u64 <= 11 + seconds / 10,
        "{} lines in {seconds} s",
        lines.len()
    );
    let totals = machine.reader().totals().unwrap();
    assert_eq!(totals.calls(Some(Caller::Modprobe), Decision::Deny), calls);
    assert_eq!(totals.because(Reason::Path), calls);
    assert_eq!(totals.overtaken(), 0);
    let overtaken_once = totals.records() - calls;
    assert_eq!(totals.suppressed() + lines.len() as u64, calls);

    // A writer that is overtaken while it writes can spoil one newer record.
    let answered = |record: &Stored| record.end.is_some_and(|it| it.end == End::Answered(1));
    let records = machine.whole_records().into_iter().filter(answered);
    assert!(records.count() as u64 >= reader::Totals::KEPT as u64 - overtaken_once);
}
