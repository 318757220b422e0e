// SPDX-License-Identifier: MIT OR Apache-2.0

//! Compares what came of a run with what its case says.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::case::{After, Case, Run};
use crate::supervise::Outcome;

/// What is not as it should be, a paragraph for each thing; empty if all is.
pub fn judge(case: &Case, run: &Run, outcome: &Outcome, root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differs = |what: &str, expected: &str, found: &str| {
        if expected != found {
            faults.push(format!("{what}\n{}", compare(expected, found)));
        }
    };
    differs("status", &run.exit.to_string(), &status(outcome));
    if run.out != ANYTHING {
        differs("standard output", &run.out, &readable(&outcome.out));
    }
    let calls = |calls: &[String]| {
        calls
            .iter()
            .map(|call| format!("{call}\n"))
            .collect::<String>()
    };
    if run.calls != [ANYTHING] {
        differs("calls", &calls(&run.calls), &calls(&outcome.calls));
    }
    let err = readable(&outcome.err);
    if !says(&err, &run.err) {
        differs("standard error", &run.err, &err);
    }
    for (path, after) in &run.after {
        let file = fs::read(root.join(case.place(path))).ok();
        match after {
            After::Content(expected) => match file {
                None => differs(path, expected, "(not there)"),
                Some(content) => differs(path, expected, &readable(&content)),
            },
            After::There(there) => {
                let word = |there: bool| if there { "there" } else { "not there" };
                differs(path, word(*there), word(file.is_some()));
            }
        }
    }
    faults
}

/// The exit status, or what ended it instead.
pub fn status(outcome: &Outcome) -> String {
    match outcome.status {
        None => "still running".into(),
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => code.to_string(),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        },
    }
}

/// Bytes as text; what is no text is escaped, so that no two are the same.
pub fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    text
}

/// Whether `err` has the lines of `expected` in their order. More lines may
/// be between them, of causes and remedies, but where none is expected there
/// is none.
fn says(err: &str, expected: &str) -> bool {
    let mut lines = err.lines();
    match expected {
        "" => err.is_empty(),
        ANYTHING => true,
        _ => expected
            .lines()
            .all(|wanted| lines.any(|line| fits(line, wanted))),
    }
}

/// In what a case wants: any words.
const ANYTHING: &str = "[..]";

/// Whether `line` is `wanted`, in which `[..]` stands for any words.
fn fits(line: &str, wanted: &str) -> bool {
    let Some((first, wanted)) = wanted.split_once(ANYTHING) else {
        return line == wanted;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = wanted.rsplit_once(ANYTHING).unwrap_or(("", wanted));
    for part in middle.split(ANYTHING) {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// The lines from the first that differs to the last.
fn compare(expected: &str, found: &str) -> String {
    let (expected_lines, found_lines): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), found.lines().collect());
    let alike = |one: &[&str], other: &[&str]| {
        let mut pairs = one.iter().zip(other);
        pairs.position(|(one, other)| one != other)
    };
    let shorter = expected_lines.len().min(found_lines.len());
    let first = alike(&expected_lines, &found_lines).unwrap_or(shorter);
    let backwards = |lines: &[&str]| -> Vec<String> {
        let rest = lines.iter().skip(first).rev();
        rest.map(|line| (*line).to_owned()).collect()
    };
    let (one, other) = (backwards(&expected_lines), backwards(&found_lines));
    let last = one
        .iter()
        .zip(&other)
        .take_while(|(one, other)| one == other);
    let last = last.count();
    let list = |sign: char, lines: &[String]| -> String {
        let differing = lines.iter().skip(last).rev();
        differing
            .map(|line| format!("      {sign} {line}\n"))
            .collect()
    };
    let mut text = list('-', &one) + &list('+', &other);
    // Lines alone do not show it.
    if !expected.is_empty()
        && !found.is_empty()
        && expected.ends_with('\n') != found.ends_with('\n')
    {
        text += "      (one of them ends without a newline)\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_lines_are_allowed_where_some_are_expected() {
        assert!(says("a\nhint\nb\n", "a\nb\n"));
        assert!(!says("b\na\n", "a\nb\n"));
        assert!(!says("hint\n", ""));
        assert!(says("", ""));
    }

    #[test]
    fn words_that_differ_from_one_to_the_other_are_left_out() {
        assert!(fits("a: line 4: bad", "[..]line 4[..]"));
        assert!(fits("ab", "a[..]b") && fits("axb", "a[..]b"));
        assert!(!fits("a: line 5: bad", "[..]line 4[..]"));
        assert!(!fits("abc", "a[..]b"));
        assert!(!fits("a", "a[..]a"));
    }

    #[test]
    fn only_the_lines_that_differ_are_shown() {
        let text = compare("a\nb\nc\n", "a\nx\ny\nc\n");
        assert_eq!(text, "      - b\n      + x\n      + y\n");
    }

    #[test]
    fn bytes_that_are_no_text_stay_apart() {
        assert_eq!(readable(b"a\xffb"), "a\\xffb");
    }
}
