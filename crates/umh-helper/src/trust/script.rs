// SPDX-License-Identifier: MIT OR Apache-2.0

//! The first line of a script, read as the kernel reads it
//! (`fs/binfmt_script.c:load_script`).

use rustix::fd::BorrowedFd;

use super::fault::Fault;

/// How much of a file the kernel looks at (`BINPRM_BUF_SIZE`, binfmts.h).
pub(super) const LINE_MAX: usize = 256;

/// The interpreter that the first line of `file` names, if that is a script.
/// The line is read into `line`.
pub(super) fn interpreter<'l>(
    file: BorrowedFd<'_>,
    line: &'l mut [u8; LINE_MAX],
) -> Result<Option<&'l [u8]>, Fault> {
    let length = rustix::io::read(file, &mut line[..])?;
    named(line.get(..length).unwrap_or_default())
}

/// The interpreter that `start`, a file's first bytes, names after `#!`.
/// `None` if the file is no script. What the kernel would refuse, or would
/// look up relative to the current directory, is a fault.
fn named(start: &[u8]) -> Result<Option<&[u8]>, Fault> {
    let Some(line) = start.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let end = line.iter().position(|byte| matches!(byte, b'\n' | b'\0'));
    // The kernel takes a line that its buffer cuts if the interpreter's name
    // is whole; we ask for the end of the line.
    let line = match end {
        Some(end) => line.get(..end).unwrap_or_default(),
        None if start.len() < LINE_MAX => line,
        None => return Err(Fault::Interpreter),
    };
    let name = line
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .find(|word| !word.is_empty());
    match name {
        Some(name) if name.starts_with(b"/") => Ok(Some(name)),
        _ => Err(Fault::Interpreter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_is_the_first_word_of_the_line() {
        assert_eq!(named(b"#! \t/bin/sh -e\necho"), Ok(Some(&b"/bin/sh"[..])));
        assert_eq!(named(b"#!/bin/sh"), Ok(Some(&b"/bin/sh"[..])));
        assert_eq!(named(b"\x7fELF"), Ok(None));
        assert_eq!(named(b""), Ok(None));
    }

    #[test]
    fn a_relative_missing_or_endless_interpreter_is_a_fault() {
        for start in [
            &b"#!sh\n"[..],
            b"#!\n",
            b"#! \t",
            b"#!",
            &[b"#!/", [b'x'; 253].as_slice()].concat(),
        ] {
            assert_eq!(
                named(start),
                Err(Fault::Interpreter),
                "{}",
                start.escape_ascii()
            );
        }
    }
}
