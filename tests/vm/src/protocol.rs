// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a guest tells the host: lines on `/dev/ttyS1`.
//!
//! Words are separated by one space and hold none: each is written by
//! [`escape`], so a line is printable ASCII whatever it carries. A suite
//! that begins and does not end has failed, unless its [`crate::plan::End`]
//! says that the machine goes down on its own.

use std::fmt;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The suite has begun: `begin SUITE`.
    Begin(String),
    /// A case has begun: `case NAME`.
    Case(String),
    /// The case that has begun last passed: `ok NAME MILLISECONDS`.
    Ok(String, u64),
    /// It failed: `fail NAME REASON`.
    Fail(String, String),
    /// It cannot run here: `skip NAME REASON`.
    Skip(String, String),
    /// One answered call, for the demo's table: `call KEY=VALUE ...`.
    Call(Vec<(String, String)>),
    /// A file for the host: `file NAME HEX`.
    File(String, Vec<u8>),
    /// Something that a person may want to see: `note TEXT`.
    Note(String),
    /// The suite is through: `end SUITE`.
    End(String),
}

impl Line {
    /// Reads one line, with or without its line end; `None` if it is none of
    /// these, as when a dying guest leaves half a line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim_end_matches(['\r', '\n']).split(' ');
        let kind = words.next()?;
        let mut text = || words.next().and_then(unescape).map(lossy);
        let line = match kind {
            "begin" => Self::Begin(text()?),
            "case" => Self::Case(text()?),
            "ok" => Self::Ok(text()?, text()?.parse().ok()?),
            "fail" => Self::Fail(text()?, text()?),
            "skip" => Self::Skip(text()?, text()?),
            "note" => Self::Note(text()?),
            "end" => Self::End(text()?),
            "file" => Self::File(text()?, from_hex(words.next()?)?),
            "call" => {
                let pair = |word: &str| {
                    let (key, value) = word.split_once('=')?;
                    Some((lossy(unescape(key)?), lossy(unescape(value)?)))
                };
                return words.map(pair).collect::<Option<_>>().map(Self::Call);
            }
            _ => return None,
        };
        words.next().is_none().then_some(line)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(suite) => write!(f, "begin {}", escape(suite)),
            Self::Case(name) => write!(f, "case {}", escape(name)),
            Self::Ok(name, milliseconds) => write!(f, "ok {} {milliseconds}", escape(name)),
            Self::Fail(name, reason) => write!(f, "fail {} {}", escape(name), escape(reason)),
            Self::Skip(name, reason) => write!(f, "skip {} {}", escape(name), escape(reason)),
            Self::Note(text) => write!(f, "note {}", escape(text)),
            Self::End(suite) => write!(f, "end {}", escape(suite)),
            Self::File(name, bytes) => {
                write!(f, "file {} ", escape(name))?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Call(pairs) => {
                f.write_str("call")?;
                pairs.iter().try_for_each(|(key, value)| {
                    // The first `=` ends the key, so it is escaped there.
                    write!(
                        f,
                        " {}={}",
                        escape(key).replace('=', "\\x3d"),
                        escape(value)
                    )
                })
            }
        }
    }
}

/// Bytes as one printable word: `escape_ascii`, and the space too.
pub fn escape(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .escape_ascii()
        .to_string()
        .replace(' ', "\\x20")
}

/// What [`escape`] and `<[u8]>::escape_ascii` write, as bytes again.
pub fn unescape(word: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
                plain @ (b'\'' | b'"' | b'\\') => plain,
                _ => return None,
            },
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    Some(bytes)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads_back_as_written() {
        let lines = [
            Line::Begin("calls".into()),
            Line::Case("modprobe".into()),
            Line::Ok("modprobe".into(), 12),
            Line::Fail(
                "modprobe".into(),
                "two words\nand a second line: \\x41 = \"é\"".into(),
            ),
            Line::Skip("x".into(), "".into()),
            Line::Call(vec![
                ("argv".into(), "/sbin/modprobe -q".into()),
                ("a=b".into(), "c=d".into()),
            ]),
            Line::Call(vec![]),
            Line::File("6.12/modprobe.txt".into(), vec![0, 10, 255]),
            Line::File("empty".into(), vec![]),
            Line::Note("hello there".into()),
            Line::End("calls".into()),
        ];
        for line in lines {
            let text = line.to_string();
            assert!(
                text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{text}"
            );
            assert_eq!(Line::parse(&format!("{text}\r\n")), Some(line));
        }
    }

    #[test]
    fn half_a_line_is_no_line() {
        for text in [
            "",
            "ok",
            "ok x",
            "ok x y",
            "file x 0",
            "file x",
            "fail a b c",
            "call a",
            "ok x 1 2",
            "note \\x4",
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
