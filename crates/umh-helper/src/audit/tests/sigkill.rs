// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writers that are killed at any moment.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::*;
use crate::sys::map_shared;

const KILLS: usize = 240;

/// Words of a shared file beside the ring: calls begun, and writers at work.
const BEGUN: usize = 0;
const AT_WORK: usize = 1;

#[test]
fn after_hundreds_of_kills_every_record_is_whole_and_every_begun_call_counted() {
    if let Some(machine) = Machine::inherited() {
        write_for_ever(&machine);
    }
    let machine = Machine::new();
    let witness = fs::File::create_new(machine.path("witness")).unwrap();
    witness.set_len(4096).unwrap();
    drop(machine.log());
    let name = "audit::tests::sigkill::after_hundreds_of_kills_every_record_is_whole_and_every_begun_call_counted";
    let witness = witness_of(&machine);

    let mut seen = 0;
    for kill in 0..KILLS / 2 {
        let mut writers = [(); 2].map(|()| machine.process(name).spawn().unwrap());
        while witness[AT_WORK].load(Relaxed) < 2 * (kill as u64 + 1) {
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(Duration::from_micros(kill as u64 * 7919 % 1500));
        for writer in &mut writers {
            writer.kill().unwrap();
        }
        // Read while the dying still write.
        seen += machine.whole_records().iter().map(check).count();
        for mut writer in writers {
            writer.wait().unwrap();
        }
    }
    assert!(seen > KILLS);

    let begun = witness[BEGUN].load(Relaxed);
    let totals = machine.reader().totals().unwrap();
    let counted = totals.calls(Some(Caller::Modprobe), Decision::Allow);
    // A writer that dies between its count and its witness makes them differ.
    assert!(
        begun <= counted && counted <= begun + KILLS as u64,
        "{begun} begun, {counted} counted"
    );
    let records = machine.records();
    let unwritten = records
        .iter()
        .filter(|found| !matches!(found, Found::Record(_)))
        .count();
    assert!(unwritten <= KILLS && records.len() == reader::Totals::KEPT);
    machine.whole_records().iter().for_each(check);

    let log = machine.log();
    log.begin(&entry(b"the survivor\0")).close(End::Exited(3));
    let last = machine.whole_records().pop().unwrap();
    assert_eq!(last.argv().next(), Some(&b"the survivor"[..]));
    assert_eq!(last.end.unwrap().end, End::Exited(3));
}

fn write_for_ever(machine: &Machine) -> ! {
    let witness = witness_of(machine);
    let log = machine.log();
    let pid = std::process::id();
    witness[AT_WORK].fetch_add(1, Relaxed);
    for round in 0.. {
        let text = format!("{pid}-{round}-").repeat(1 + round % 7);
        let argv = format!("/sbin/modprobe\0{text}\0");
        let (decision, detail) = (Decision::Allow, text.as_bytes());
        let record = log.begin(&Entry {
            decision,
            detail,
            ..entry(argv.as_bytes())
        });
        witness[BEGUN].fetch_add(1, Relaxed);
        record.close(End::Exited(pid.cast_signed()));
    }
    unreachable!("rounds have no end")
}

/// A whole record says the same thing in each of its places.
fn check(record: &Stored) {
    let text = record.argv().nth(1).unwrap();
    assert_eq!(text, record.detail());
    assert!(text.starts_with(format!("{}-", record.pid).as_bytes()));
    if let Some(ended) = record.end {
        assert_eq!(ended.end, End::Exited(record.pid.cast_signed()));
    }
}

fn witness_of(machine: &Machine) -> &'static [std::sync::atomic::AtomicU64] {
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(machine.path("witness"))
        .unwrap();
    map_shared(file.as_fd(), 4096).unwrap()
}
