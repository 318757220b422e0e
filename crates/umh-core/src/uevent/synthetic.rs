// SPDX-License-Identifier: MIT OR Apache-2.0

//! Events that user space asks for: what is written to a `uevent` file.
//!
//! `kobject_synth_uevent`, `kobject_action_type`, `kobject_action_args`;
//! `Documentation/ABI/testing/sysfs-uevent`. The grammar:
//! `ACTION [UUID [KEY=VALUE]...]`, one space between words, key and value of
//! letters and digits only and never empty, one newline or NUL at the end.

use umh_abi::uevent::Action;

use super::Environment;
use crate::errno::Errno;

/// A request for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synthetic<'a> {
    /// What is to have happened.
    pub action: Action,
    /// UUID and pairs; `None` without a UUID.
    arguments: Option<&'a [u8]>,
}

impl<'a> Synthetic<'a> {
    /// Reads what was written; `EINVAL` for anything else.
    #[doc(alias = "kobject_synth_uevent")]
    pub fn parse(text: &'a [u8]) -> Result<Self, Errno> {
        let text = text
            .strip_suffix(b"\n")
            .or_else(|| text.strip_suffix(b"\0"))
            .unwrap_or(text);
        let space = text.iter().position(|byte| *byte == b' ');
        let (action, arguments) = match space {
            Some(at) => (text.get(..at), text.get(at + 1..)),
            None => (Some(text), None),
        };
        let action = Action::named(action.unwrap_or_default()).ok_or(Errno::EINVAL)?;
        let request = Self { action, arguments };
        request.words(&mut |_pieces| Ok(()))?;
        Ok(request)
    }

    /// Appends the words that mark the event: `SYNTH_UUID`, `SYNTH_ARG_*`.
    #[doc(alias = "kobject_action_args")]
    pub fn add_to(&self, environment: &mut Environment) -> Result<(), Errno> {
        // Linux fills a buffer of the same size with these first; what does
        // not fit is an argument that cannot be used.
        self.words(&mut |pieces| environment.add(pieces).map_err(|_| Errno::EINVAL))
    }

    fn words(&self, sink: &mut WordSink<'_>) -> Result<(), Errno> {
        let Some(arguments) = self.arguments else {
            return sink(&[b"SYNTH_UUID=0"]);
        };
        let (uuid, mut rest) = arguments
            .split_at_checked(UUID_LENGTH)
            .filter(|(uuid, _)| is_uuid(uuid))
            .ok_or(Errno::EINVAL)?;
        sink(&[b"SYNTH_UUID=", uuid])?;
        while let Some((b' ', pair)) = rest.split_first() {
            let end = pair.iter().position(|byte| *byte == b' ');
            let (pair, after) = pair
                .split_at_checked(end.unwrap_or(pair.len()))
                .ok_or(Errno::EINVAL)?;
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (key, value) = pair
                .split_at_checked(equals.ok_or(Errno::EINVAL)?)
                .ok_or(Errno::EINVAL)?;
            let value = value.get(1..).unwrap_or_default();
            if !is_word(key) || !is_word(value) {
                return Err(Errno::EINVAL);
            }
            sink(&[b"SYNTH_ARG_", key, b"=", value])?;
            rest = after;
        }
        if rest.is_empty() {
            Ok(())
        } else {
            Err(Errno::EINVAL)
        }
    }
}

/// Gets each word, in pieces.
type WordSink<'s> = dyn FnMut(&[&[u8]]) -> Result<(), Errno> + 's;

/// `UUID_STRING_LEN`
const UUID_LENGTH: usize = 36;

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Letters and digits as the kernel counts them (`lib/ctype.c`): those of
/// Latin-1 are among them.
fn is_word(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| {
        byte.is_ascii_alphanumeric() || (*byte >= 0xc0 && *byte != 0xd7 && *byte != 0xf7)
    };
    !text.is_empty() && text.iter().all(is_letter)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString as _};

    use super::*;

    const UUID: &str = "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed";

    fn words(text: &str) -> Result<String, Errno> {
        let mut environment = Environment::new();
        Synthetic::parse(text.as_bytes())?.add_to(&mut environment)?;
        let words = environment.words();
        Ok(words
            .block()
            .escape_ascii()
            .to_string()
            .replace("\\x00", " "))
    }

    #[test]
    fn an_action_alone_has_no_uuid() {
        for text in ["add", "add\n", "add\0"] {
            assert_eq!(words(text).unwrap(), "SYNTH_UUID=0 ");
        }
        let change = Synthetic::parse(b"change").unwrap();
        assert_eq!(change.action, Action::Change);
    }

    #[test]
    fn arguments_become_words() {
        assert_eq!(
            words(&format!("add {UUID} A=1 B=abc\n")).unwrap(),
            format!("SYNTH_UUID={UUID} SYNTH_ARG_A=1 SYNTH_ARG_B=abc ")
        );
    }

    #[test]
    fn whatever_is_not_the_grammar_is_refused() {
        for text in [
            "",
            "added",
            "Add",
            "add\n\n",
            "add ",
            "add  ",
            " add",
            "add A=1",
            "add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18ee",
            "add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eeg",
        ] {
            assert_eq!(words(text), Err(Errno::EINVAL), "{text:?}");
        }
        for rest in [
            " ",
            " A",
            " =1",
            " A=",
            " A=1 ",
            "  A=1",
            " A=1  B=2",
            " A_B=1",
            " A=1=2",
            " A=-1",
            "x",
            "\tA=1",
        ] {
            let text = format!("add {UUID}{rest}");
            assert_eq!(words(&text), Err(Errno::EINVAL), "{text:?}");
        }
    }
}
