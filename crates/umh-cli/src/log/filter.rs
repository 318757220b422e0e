// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which records are shown.

use jiff::civil::DateTime;
use jiff::{Span, Timestamp, Zoned};
use umh_helper::audit::reader::Stored;
use umh_helper::verdict::Decision;

use crate::args;
use crate::failure::Failure;

/// What a record must be.
#[derive(Debug)]
pub struct Filter {
    callers: Vec<String>,
    denied: bool,
    since: Option<Timestamp>,
}

impl Filter {
    /// The filter of a command line.
    pub fn new(args: &args::Log) -> Result<Self, Failure> {
        let since = args
            .since
            .as_deref()
            .map(|when| parse(when, &Zoned::now()))
            .transpose()?;
        Ok(Self {
            callers: args.caller.clone(),
            denied: args.denied,
            since,
        })
    }

    /// Whether `record` is shown.
    pub fn passes(&self, record: &Stored) -> bool {
        let caller = record.caller.map_or("", |caller| caller.contract().name);
        let began = self.since.map_or(0, |since| since.as_nanosecond());
        (self.callers.is_empty() || self.callers.iter().any(|name| name == caller))
            && (!self.denied || record.decision != Decision::Allow)
            && i128::from(record.began_realtime) >= began
    }
}

/// A point in time: a span before `now`, a local time, or a full timestamp.
fn parse(when: &str, now: &Zoned) -> Result<Timestamp, Failure> {
    if let Ok(timestamp) = when.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let local = |time: DateTime| {
        time.to_zoned(now.time_zone().clone())
            .map(|zoned| zoned.timestamp())
    };
    let moment = match (when.parse::<DateTime>(), when.parse::<Span>()) {
        (Ok(time), _) => local(time),
        (_, Ok(span)) => now.checked_sub(span.abs()).map(|zoned| zoned.timestamp()),
        (Err(error), Err(_)) => Err(error),
    };
    moment.map_err(|_| {
        let remedy = "--since takes a span (\"90s\", \"2h 30m\", \"3 days\") or a time (\"2026-11-21 10:00\")";
        Failure::wrong(format!("{when} is no point in time"), remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_may_be_a_span_or_a_time() {
        let now: Zoned = "2026-11-21T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let at = |when| parse(when, &now).unwrap().to_string();
        assert_eq!(at("1h"), "2026-11-21T10:00:00Z");
        assert_eq!(at("2h 30m ago"), "2026-11-21T08:30:00Z");
        assert_eq!(at("3 days"), "2026-11-18T11:00:00Z");
        assert_eq!(at("2026-11-21 10:00"), "2026-11-21T09:00:00Z");
        assert_eq!(at("2026-11-21T10:00:00Z"), "2026-11-21T10:00:00Z");
        assert!(
            parse("yesterday-ish", &now)
                .unwrap_err()
                .to_string()
                .contains("--since")
        );
    }
}
