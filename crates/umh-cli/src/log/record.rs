// SPDX-License-Identifier: MIT OR Apache-2.0

//! One record as it is shown.

use anstyle::Style;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use umh_helper::audit::End;
use umh_helper::audit::reader::Stored;

use crate::columns::Row;
use crate::report::{BAD, DIM, GOOD, WARN};

/// One call. The fields are the stable interface of `umh log --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Counts the calls since boot, from 1.
    pub ticket: u64,
    /// When it came, UTC.
    pub time: Timestamp,
    /// Who called; `None` if no caller makes such a call.
    pub caller: Option<&'static str>,
    /// The arguments, the program first.
    pub argv: Vec<String>,
    /// Whether the arguments were too long for the record.
    pub argv_cut: bool,
    /// `allow`, `deny` or `audit` (would be denied).
    pub decision: &'static str,
    /// The check that decided.
    pub why: &'static str,
    /// What exactly the check was about.
    pub detail: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// What answered: a program, `builtin`, or nothing.
    pub answer: Option<String>,
    /// The process that answered.
    pub pid: u32,
    /// Whether its end is not known: it goes on, or was killed.
    pub unfinished: bool,
    /// How it ended: `answered`, `exited`, `killed`, `handed-over` ...
    pub end: Option<&'static str>,
    /// The exit status, the signal or the errno that belongs to `end`.
    pub status: Option<i32>,
    /// How long it took.
    pub duration_us: Option<u64>,
}

/// The names of the columns of [`Record::row`].
pub const COLUMNS: &[&str] = &[
    "TIME", "CALLER", "DECISION", "WHY", "RULE", "ANSWER", "STATUS", "DURATION", "ARGV",
];

impl Record {
    /// The record for what the ring holds.
    pub fn new(stored: &Stored) -> Self {
        let end = stored.end.map(|ended| ended.end);
        let rule = text(stored.rule());
        let target = text(stored.target());
        Self {
            ticket: stored.ticket,
            time: Timestamp::from_nanosecond(stored.began_realtime.into()).unwrap_or_default(),
            caller: stored.caller.map(|caller| caller.contract().name),
            argv: stored.argv().map(text).collect(),
            argv_cut: stored.argv_is_cut(),
            decision: stored.decision.name(),
            why: stored.reason.name(),
            detail: text(stored.detail()),
            rule: (rule != "-").then_some(rule),
            answer: (!target.is_empty()).then_some(target),
            pid: stored.pid,
            unfinished: end.is_none(),
            end: end.map(|end| end.name()),
            status: end.and_then(number),
            duration_us: stored.end.map(|ended| ended.duration / 1000),
        }
    }

    /// The record for a person, one text a column of [`COLUMNS`].
    pub fn row(&self) -> Row {
        let time = self
            .time
            .to_zoned(TimeZone::system())
            .strftime("%F %T%.3f")
            .to_string();
        let plain = Style::new();
        let dash = || "-".to_owned();
        vec![
            (time, DIM),
            (self.caller.unwrap_or("?").to_owned(), plain),
            (self.decision.to_owned(), self.style()),
            (self.why(), plain),
            (self.rule.clone().unwrap_or_else(dash), plain),
            (self.answer.clone().unwrap_or_else(dash), plain),
            (self.status(), plain),
            (self.duration_us.map_or_else(dash, duration), plain),
            (self.words(), plain),
        ]
    }

    /// The colour of the decision.
    pub fn style(&self) -> Style {
        match self.decision {
            "allow" => GOOD,
            "audit" => WARN,
            _ => BAD,
        }
    }

    /// The arguments as one text.
    pub fn words(&self) -> String {
        let words: Vec<_> = self.argv.iter().map(|word| quoted(word)).collect();
        let cut = if self.argv_cut { " ..." } else { "" };
        format!("{}{cut}", words.join(" "))
    }

    /// The check that decided, with what it was about.
    pub fn why(&self) -> String {
        if self.detail.is_empty() {
            self.why.to_owned()
        } else {
            format!("{}={}", self.why, quoted(&self.detail))
        }
    }

    fn status(&self) -> String {
        match (self.end, self.status) {
            (None, _) => "unfinished".to_owned(),
            (Some("answered" | "exited"), Some(status)) => status.to_string(),
            (Some("killed"), Some(signal)) => format!("signal {signal}"),
            (Some("failed"), Some(errno)) => {
                let error = std::io::Error::from_raw_os_error(errno).to_string();
                error.split(" (").next().unwrap_or_default().to_owned()
            }
            (Some(end), _) => end.to_owned(),
        }
    }
}

/// The number that belongs to an end.
fn number(end: End) -> Option<i32> {
    match end {
        End::Answered(status) | End::Exited(status) => Some(status),
        End::Killed(signal) => Some(signal),
        End::Failed(errno) => Some(errno.raw_os_error()),
        End::HandedOver | End::TimedOut => None,
    }
}

/// Bytes that strangers chose, as printable ASCII.
pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A word that can be told from its neighbours.
fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains([' ', '"', '\'']) {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

/// `250us`, `1.3ms`, `2.0s`.
pub fn duration(microseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let value = microseconds as f64;
    match microseconds {
        0..1_000 => format!("{microseconds}us"),
        1_000..1_000_000 => format!("{:.1}ms", value / 1e3),
        _ => format!("{:.1}s", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_fits() {
        assert_eq!([7, 1300, 2_000_000].map(duration), ["7us", "1.3ms", "2.0s"]);
    }

    #[test]
    fn a_word_that_would_be_two_is_quoted() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted(&text(b"\x1b[31m\n")), "\\x1b[31m\\n");
    }
}
