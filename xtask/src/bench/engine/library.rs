// SPDX-License-Identifier: MIT OR Apache-2.0

//! The library `umh`: a helper from its start to its end, by callers of
//! different sizes, against the other ways of a process to start one.
//!
//! `bench/peers/starter` starts the empty program in each way by turns, so
//! that the noise of the machine is everybody's; fork alone has rounds of its
//! own, after the others. umh does more in the same time: it starts a session
//! and leaves nothing of the caller's to the helper.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::bench::aims::Aim;
use crate::bench::figures::median;
use crate::bench::peers;
use crate::run::Run;
use crate::say::{self, Colour, paint};

/// A caller, and how often it starts a helper in each way.
struct Caller {
    what: &'static str,
    mebibytes: u64,
    threads: u64,
    rounds: u64,
}

const CALLERS: [Caller; 4] = [
    Caller {
        what: "10 MiB resident",
        mebibytes: 10,
        threads: 0,
        rounds: 2000,
    },
    Caller {
        what: "10 MiB and 64 threads",
        mebibytes: 10,
        threads: 64,
        rounds: 2000,
    },
    Caller {
        what: LARGE,
        mebibytes: 1 << 10,
        threads: 0,
        rounds: 2000,
    },
    Caller {
        what: "8 GiB resident",
        mebibytes: 8 << 10,
        threads: 0,
        rounds: 1000,
    },
];

/// The caller that fork is held against.
const LARGE: &str = "1 GiB resident";

/// What a process needs beside what it is told to have: the tables of its
/// pages, and some air for everybody else on the machine.
const SPARE_MEBIBYTES: u64 = 2 << 10;

/// The ways, by `starter`'s names, and what they are.
const WAYS: [(&str, &str); 4] = [
    ("umh", "umh"),
    ("posix_spawn", "posix_spawn"),
    ("std", "std::process"),
    ("fork", "fork, exec"),
];

/// umh over posix_spawn, at any size.
const OVER_SPAWN: f64 = 1.1;
/// fork and exec over umh, at 1 GiB.
const FORK_OVER: f64 = 5.0;

/// The callers at the same time, and how long.
const CORES: u64 = 2;
const SLICES: u64 = 10;
const SLICE_MILLISECONDS: u64 = 300;

/// The median of each way.
type Medians = BTreeMap<String, u64>;

/// Everything that was measured.
pub(super) struct Results {
    rows: Vec<(&'static str, Medians)>,
    rates: Medians,
}

impl Results {
    pub(super) fn take() -> Result<Self> {
        let (empty, starter) = (peers::build("empty")?, peers::build("starter")?);
        let mut rows = Vec::new();
        for caller in &CALLERS {
            let needed = caller.mebibytes + SPARE_MEBIBYTES;
            let there = available_mebibytes()?;
            if caller.mebibytes > 10 && there < needed {
                let what = caller.what;
                say::progress(format_args!(
                    "SKIPPED: {what}: needs {needed} MiB of memory, and {there} MiB are available"
                ));
                continue;
            }
            let numbers = [caller.mebibytes, caller.threads, caller.rounds];
            rows.push((caller.what, medians(&starter, "times", &empty, &numbers)?));
        }
        let slices = [CORES, SLICES, SLICE_MILLISECONDS];
        let rates = medians(&starter, "rate", &empty, &slices)?;
        Ok(Self { rows, rates })
    }

    /// What was hoped for, and what is.
    pub(super) fn aims(&self) -> Vec<Aim> {
        let over_spawn = self.rows.iter().map(|(what, medians)| {
            let found = ratio(medians, "umh", "posix_spawn");
            Aim {
                what: match *what {
                    "10 MiB resident" => "umh over posix_spawn, 10 MiB",
                    LARGE => "umh over posix_spawn, 1 GiB",
                    "8 GiB resident" => "umh over posix_spawn, 8 GiB",
                    _ => "umh over posix_spawn, 64 threads",
                },
                limit: format!("{OVER_SPAWN:.2}"),
                found: format!("{found:.2}"),
                reached: found <= OVER_SPAWN,
            }
        });
        let fork = self.rows.iter().filter(|(what, _)| *what == LARGE);
        let fork = fork.map(|(_, medians)| {
            let found = ratio(medians, "fork", "umh");
            Aim {
                what: "fork and exec over umh, 1 GiB, at least",
                limit: format!("{FORK_OVER:.1}"),
                found: format!("{found:.1}"),
                reached: found >= FORK_OVER,
            }
        });
        over_spawn.chain(fork).collect()
    }

    /// The figures for people.
    pub(super) fn print(&self) {
        say::line(format_args!(
            "\nAn empty program from its start to its end, in microseconds: medians of rounds in\n\
             which the ways take turns, but for fork, which comes after. The caller's memory is\n\
             in pages of 4 KiB, each written to.\n"
        ));
        let names = WAYS.map(|(_, name)| name);
        let heading = row("the caller", &names, ["over spawn", "fork over"]);
        say::line(format_args!("{}", paint(Colour::Dim, &heading)));
        for (what, medians) in &self.rows {
            let of = |way: &str| medians.get(way).copied().unwrap_or(0);
            let times = WAYS.map(|(way, _)| format!("{:.1}", of(way) as f64 / 1000.0));
            let over = format!("{:.2}", ratio(medians, "umh", "posix_spawn"));
            let fork = format!("{:.1}", ratio(medians, "fork", "umh"));
            say::line(format_args!("{}", row(what, &times, [&over, &fork])));
        }
        let seconds = (SLICE_MILLISECONDS as f64) / 1000.0;
        let rate = |way: &str| self.rates.get(way).copied().unwrap_or(0) as f64 / seconds;
        let rates = WAYS.map(|(way, name)| format!("{name} {:.0}", rate(way)));
        say::line(format_args!(
            "\nHelpers a second, {CORES} callers at once: {}\n",
            rates.join(", ")
        ));
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        let callers: serde_json::Map<_, _> = self
            .rows
            .iter()
            .map(|(what, medians)| ((*what).to_owned(), json!(medians)))
            .collect();
        json!({
            "median_nanoseconds": callers,
            "helpers_a_slice": self.rates,
            "slice_milliseconds": SLICE_MILLISECONDS,
            "callers_at_once": CORES,
        })
    }
}

fn medians(starter: &Path, what: &str, program: &Path, numbers: &[u64]) -> Result<Medians> {
    let numbers = numbers.iter().map(u64::to_string);
    let run = Run::new(starter).arg(what).arg(program).args(numbers);
    parse(&run.read()?).context("what starter says")
}

/// The lines of `starter`: a way, and its numbers.
fn parse(text: &str) -> Result<Medians> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let way = words.next().context("a line without a way")?;
        let numbers = words.map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        Ok((way.to_owned(), median(numbers)))
    };
    text.lines().map(line).collect()
}

fn available_mebibytes() -> Result<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next());
    let kibibytes: u64 = kibibytes
        .context("no MemAvailable in /proc/meminfo")?
        .parse()?;
    Ok(kibibytes >> 10)
}

/// `over` in times of `base`.
fn ratio(medians: &Medians, over: &str, base: &str) -> f64 {
    let of = |way| medians.get(way).map_or(f64::NAN, |median| *median as f64);
    of(over) / of(base)
}

fn row(what: &str, ways: &[impl AsRef<str>], ratios: [&str; 2]) -> String {
    let mut line = format!("{what:<24}");
    let ways = ways.iter().map(AsRef::as_ref);
    for word in ways.chain(ratios) {
        line += &format!(" {word:>12}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_starter_become_medians() {
        let medians = parse("umh 3 1 2\nfork 9 9 9\n").unwrap();
        assert_eq!(medians.get("umh"), Some(&2));
        assert!((ratio(&medians, "fork", "umh") - 4.5).abs() < f64::EPSILON);
        assert!(parse("umh many\n").is_err());
    }
}
