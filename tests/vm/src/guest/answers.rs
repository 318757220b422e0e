// SPDX-License-Identifier: MIT OR Apache-2.0

//! What usermode-helper says of its own answers: its ring, read as `umh log`
//! reads it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use umh_helper::audit::End;
use umh_helper::audit::reader::{Found, Reader, Stored, Totals, Unreadable};
use umh_helper::sys::Root;

/// One record of the ring.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its number since boot.
    pub ticket: u64,
    /// The process that answered.
    pub pid: u32,
    /// The caller's name, or `?`.
    pub caller: &'static str,
    /// The argument list, as far as the record keeps it.
    pub argv: Vec<Vec<u8>>,
    /// The rule that decided, or empty.
    pub rule: String,
    /// `allow`, `deny` or `audit`.
    pub decision: &'static str,
    /// The reason's word.
    pub reason: &'static str,
    /// What ran, or empty.
    pub target: String,
    /// How it ended: `exited 0`, `answered 126`, `handed-over`; empty as long
    /// as it has not.
    pub end: String,
    /// How long it took.
    pub took: Duration,
}

/// The answers of one case.
pub struct Answers;

impl Answers {
    /// Makes the next call's helper begin a new ring: counters, records and
    /// the limit of lines are the case's own.
    pub fn forget() -> Result<()> {
        match std::fs::remove_file("/run/umh/ring") {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("/run/umh/ring")
            }
            _ => Ok(()),
        }
    }

    /// Those since [`Answers::forget`], when there are at least `count` and
    /// all have ended.
    pub fn wait_for(count: usize, limit: Duration) -> Result<Vec<Answer>> {
        let begin = Instant::now();
        loop {
            let answers = Self::so_far()?;
            if answers.len() >= count && answers.iter().all(|answer| !answer.end.is_empty()) {
                return Ok(answers);
            }
            ensure!(
                begin.elapsed() < limit,
                "{} of {count} calls were answered: {answers:?}",
                answers.len()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Those since [`Answers::forget`], also the ones that have not ended.
    pub fn so_far() -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        let Some(mut ring) = open()? else {
            return Ok(answers);
        };
        while let Some(found) = ring.next().context("reading the ring")? {
            if let Found::Record(record) = found {
                answers.push(answer(&record));
            }
        }
        Ok(answers)
    }
}

/// The counters since boot; `None` before the first call.
pub fn totals() -> Result<Option<Totals>> {
    open()?
        .map(|ring| ring.totals().context("reading the ring"))
        .transpose()
}

fn open() -> Result<Option<Reader>> {
    match Reader::open(&Root::System) {
        Ok(ring) => Ok(Some(ring)),
        Err(Unreadable::Failed(rustix::io::Errno::NOENT)) => Ok(None),
        Err(other) => bail!("{other}"),
    }
}

fn answer(record: &Stored) -> Answer {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    Answer {
        ticket: record.ticket,
        pid: record.pid,
        caller: record.caller.map_or("?", |caller| caller.name()),
        argv: record.argv().map(<[u8]>::to_vec).collect(),
        rule: text(record.rule()),
        decision: record.decision.name(),
        reason: record.reason.name(),
        target: text(record.target()),
        end: record.end.map_or(String::new(), |ended| match ended.end {
            End::Answered(status) | End::Exited(status) => format!("{} {status}", ended.end.name()),
            End::Killed(signal) => format!("killed {signal}"),
            End::Failed(errno) => format!("failed: {errno}"),
            End::HandedOver | End::TimedOut => ended.end.name().into(),
        }),
        took: Duration::from_nanos(record.end.map_or(0, |ended| ended.duration)),
    }
}
