// SPDX-License-Identifier: MIT OR Apache-2.0

//! What usermode-helper may cost, and what it does.

use umh_vm::measured::{ANONYMOUS, Subject};

use super::helper::Results;

/// One aim.
pub(super) struct Aim {
    pub(super) what: &'static str,
    /// The most that it may be.
    pub(super) limit: String,
    /// What it is.
    pub(super) found: String,
    pub(super) reached: bool,
}

impl Aim {
    pub(super) fn as_json(&self) -> serde_json::Value {
        let Self {
            what,
            limit,
            found,
            reached,
        } = self;
        serde_json::json!({ "what": what, "limit": limit, "found": found, "reached": reached })
    }
}

/// System calls of a denied call, with its record and its line in the log.
const CALLS: usize = 25;
/// Its cost in times of the empty program.
const OVER_EMPTY: f64 = 1.3;
/// Microseconds that a call takes more because it comes by way of us.
const ADDED: u64 = 100;
/// Bytes of the program: what judges and records, and the built-in modprobe
/// with its decoders.
const BYTES: u64 = (300 + 400) << 10;
/// Bytes of memory.
const PEAK: u64 = 1 << 20;

/// Our own ways to answer.
const OURS: [Subject; 4] = [
    Subject::Denied,
    Subject::BuiltIn,
    Subject::Supervised,
    Subject::HandedOver,
];

pub(super) fn of(results: &Results) -> Vec<Aim> {
    let denied = results.stock.traced(Subject::Denied);
    let calls = denied.map_or(usize::MAX, |traced| traced.calls().count());
    let takes_memory = |call: &&str| matches!(*call, "brk" | ANONYMOUS);
    let heap = denied.map_or(usize::MAX, |traced| {
        traced.calls().filter(takes_memory).count()
    });
    let guests = [&results.stock, &results.option];
    let in_guests = guests.map(|figures| figures.ratio(Subject::Denied, Subject::Empty));
    let native = results.native.as_ref();
    let here = native.map(|native| native.ratio(Subject::Denied, Subject::Empty));
    let added = [Subject::Supervised, Subject::HandedOver];
    let added = added.map(|subject| Some(results.adds(subject, Subject::Empty)? / 1000));
    let microseconds = |time: Option<u64>| time.map_or("?".into(), |time| format!("{time} us"));
    let peak = OURS
        .iter()
        .filter_map(|subject| results.stock.traced(*subject));
    let peak = peak.map(|traced| traced.peak).max().unwrap_or(u64::MAX);

    vec![
        Aim {
            what: "system calls of a denied call",
            limit: CALLS.to_string(),
            found: calls.to_string(),
            reached: calls <= CALLS,
        },
        Aim {
            what: "memory that a denied call takes: brk(2), mmap(2)",
            limit: "0".into(),
            found: heap.to_string(),
            reached: heap == 0,
        },
        Aim {
            what: "a denied call over an empty program, time here",
            limit: format!("{OVER_EMPTY:.2}"),
            found: here.map_or("?".into(), |ratio| format!("{ratio:.2}")),
            reached: here.is_some_and(|ratio| ratio <= OVER_EMPTY),
        },
        Aim {
            what: "the same in instructions (stock, option)",
            limit: format!("{OVER_EMPTY:.2}"),
            found: format!("{:.2}, {:.2}", in_guests[0], in_guests[1]),
            reached: in_guests.iter().all(|ratio| *ratio <= OVER_EMPTY),
        },
        Aim {
            what: "added to an exec, time here (waited for, handed over)",
            limit: format!("{ADDED} us"),
            found: added.map(microseconds).join(", "),
            reached: added
                .iter()
                .all(|time| time.is_some_and(|time| time <= ADDED)),
        },
        Aim {
            what: "size of the program",
            limit: kibibytes(BYTES),
            found: kibibytes(results.bytes),
            reached: results.bytes <= BYTES,
        },
        Aim {
            what: "most memory of it",
            limit: kibibytes(PEAK),
            found: kibibytes(peak),
            reached: peak <= PEAK,
        },
    ]
}

/// Bytes for people.
pub(super) fn kibibytes(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1 << 10))
}
