// SPDX-License-Identifier: MIT OR Apache-2.0

//! The grammar of modprobe.d(5): one command a line.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Complaint, Config, Line, Place, Softdep, Weakdep};
use crate::name;

/// The lines of a file, those joined that end in `\`, with their numbers.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) const fn of(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (Cow<'a, [u8]>, u32);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut line = Cow::Borrowed(&[][..]);
        loop {
            let ends = |byte: &u8| matches!(byte, b'\n' | b'\\');
            let end = self.rest.iter().position(ends);
            let (part, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            if line.is_empty() {
                line = Cow::Borrowed(part);
            } else {
                line.to_mut().extend_from_slice(part);
            }
            self.rest = rest.get(1..).unwrap_or_default();
            // What a backslash precedes stands for itself.
            let (Some(b'\\'), Some((escaped, rest))) = (rest.first(), self.rest.split_first())
            else {
                break;
            };
            self.rest = rest;
            if *escaped == b'\n' {
                self.number += 1;
            } else {
                line.to_mut().push(*escaped);
            }
        }
        self.number += 1;
        // kmod reads C strings.
        if let Some(end) = line.iter().position(|byte| *byte == 0) {
            match &mut line {
                Cow::Borrowed(line) => *line = line.get(..end).unwrap_or_default(),
                Cow::Owned(line) => line.truncate(end),
            }
        }
        Some((line, self.number))
    }
}

/// Adds what the line of that number in `file` says.
pub(super) fn read(
    config: &mut Config,
    line: &[u8],
    (file, number): (&[u8], u32),
    complain: &mut dyn FnMut(&Complaint<'_>),
) {
    let mut rest = line;
    let command = word(&mut rest);
    if line.first() == Some(&b'#') || command.is_empty() {
        return;
    }
    if matches!(command, b"include" | b"config") {
        return complain(&Complaint::Deprecated { file, command });
    }
    let from = || Place {
        file: file.to_vec(),
        line: number,
    };
    if add(config, command, rest, from).is_none() {
        complain(&Complaint::BadLine {
            file,
            line: number,
            word: command,
        });
    }
}

/// Adds one command; `None` if it is none.
fn add(
    config: &mut Config,
    command: &[u8],
    mut rest: &[u8],
    from: impl Fn() -> Place,
) -> Option<()> {
    let name = word(&mut rest);
    let name = (!name.is_empty()).then(|| name::of_alias(name)).flatten();
    let text = || (!rest.is_empty()).then_some(rest);
    let line = |name, value| Line {
        name,
        value,
        from: from(),
    };
    match command {
        b"alias" => {
            let module = word(&mut rest);
            let module = (!module.is_empty()).then(|| name::of_alias(module))??;
            config.aliases.push(line(name?, module));
        }
        b"blacklist" => config.blacklist.push(line(name?, Vec::new())),
        b"forbid" => config.forbids.push(line(name?, Vec::new())),
        b"options" => {
            let mut options = text()?.to_vec();
            for tab in options.iter_mut().filter(|byte| **byte == b'\t') {
                *tab = b' ';
            }
            config.options.push(line(name?, options));
        }
        b"install" => config.installs.push(line(name?, text()?.to_vec())),
        b"remove" => config.removes.push(line(name?, text()?.to_vec())),
        b"softdep" => config.softdeps.push(softdep(name?, text()?, from())),
        b"weakdep" => config.weakdeps.push(Weakdep {
            name: name?,
            on: spaced(text()?).map(<[u8]>::to_vec).collect(),
            from: from(),
        }),
        _ => return None,
    }
    Some(())
}

/// Words before a marker say nothing.
fn softdep(name: Vec<u8>, text: &[u8], from: Place) -> Softdep {
    let mut softdep = Softdep {
        name,
        from,
        ..Softdep::default()
    };
    let mut list = None;
    for word in spaced(text) {
        match word {
            b"pre:" => list = Some(&mut softdep.pre),
            b"post:" => list = Some(&mut softdep.post),
            _ => {
                if let Some(list) = &mut list {
                    list.push(word.to_vec());
                }
            }
        }
    }
    softdep
}

/// Takes the next word off `rest`, with the one blank or tab that ends it.
fn word<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = rest.iter().position(|byte| !blank(byte));
    let text = rest.get(start.unwrap_or(rest.len())..).unwrap_or_default();
    let end = text.iter().position(blank).unwrap_or(text.len());
    *rest = text.get(end + 1..).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// The words between blanks of any kind.
fn spaced(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    text.split(is_blank).filter(|word| !word.is_empty())
}
