// SPDX-License-Identifier: MIT OR Apache-2.0

//! One line a call.

use std::fmt;

use crate::say::{Colour, paint};

/// The guest's account of a call: `caller`, `trigger`, `argv`, `decision`,
/// `answer`, `status`, `us`; `why` when it was denied; `attack` when it was
/// one. A missing word is shown as `-`.
pub(crate) struct Row<'a>(&'a [(String, String)]);

impl<'a> Row<'a> {
    pub(crate) fn new(pairs: &'a [(String, String)]) -> Self {
        Self(pairs)
    }

    /// What the attack was, if it was one.
    pub(crate) fn attack(&self) -> Option<&'a str> {
        self.value("attack")
    }

    pub(crate) fn is_denied(&self) -> bool {
        self.value("decision") == Some("deny")
    }

    pub(crate) fn microseconds(&self) -> Option<u64> {
        self.value("us")?.parse().ok()
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        let pair = self.0.iter().find(|(known, _)| known == key);
        pair.map(|(_, value)| value.as_str())
    }

    fn word(&self, key: &str) -> &'a str {
        self.value(key).unwrap_or("-")
    }
}

/// Above the rows.
pub(crate) fn heading() -> String {
    line(
        [
            "caller",
            "trigger",
            "asked for",
            "decision",
            "answered by",
            "status",
            "time",
        ],
        |text| text.to_owned(),
    )
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match self.value("why") {
            Some(why) if self.is_denied() => format!("why={why}"),
            _ => self.word("answer").to_owned(),
        };
        let time = self.microseconds().map_or("-".into(), time);
        // A refusal is what an attack is to meet with.
        let good = self.is_denied() == self.attack().is_some();
        let colour = if good { Colour::Good } else { Colour::Bad };
        let trigger = match self.attack() {
            // What it was is a sentence, for which no column is wide enough.
            Some(attack) => {
                writeln!(f, "{attack}")?;
                ""
            }
            None => self.word("trigger"),
        };
        let words = [
            self.word("caller"),
            trigger,
            self.word("argv"),
            self.word("decision"),
            &answer,
            self.word("status"),
            &time,
        ];
        f.write_str(&line(words, |decision| paint(colour, decision)))
    }
}

/// Microseconds for people.
pub(crate) fn time(microseconds: u64) -> String {
    match microseconds {
        0..1000 => format!("{microseconds} us"),
        _ => format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100),
    }
}

/// The words in columns, the decision through `shown`, which may add colour.
fn line(words: [&str; 7], shown: impl Fn(&str) -> String) -> String {
    let [caller, trigger, argv, decision, answer, status, time] = words;
    let decision = shown(&cut(decision, 8));
    format!(
        "{} {} {} {decision} {} {status:>11} {time:>9}",
        cut(caller, 16),
        cut(trigger, 33),
        cut(argv, 40),
        cut(answer, 22),
    )
}

/// Exactly `width` columns: filled up, or cut with a mark.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    kept + ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_headings() {
        let pairs = [
            ("caller", "modprobe"),
            ("decision", "allow"),
            ("us", "1234"),
        ];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let row = Row::new(&pairs).to_string();
        assert_eq!(heading().find("decision"), row.find("allow"), "{row}");
        assert!(row.ends_with("1.2 ms"), "{row}");
        assert_eq!(cut("abcdef", 4), "ab..");
    }
}
