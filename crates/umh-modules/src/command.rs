// SPDX-License-Identifier: MIT OR Apache-2.0

//! The commands of `install` and `remove` lines, as far as they can be
//! understood without a shell.
//!
//! kmod gives each to `sh -c`. Nearly all there are say that a module is not
//! wanted: `/bin/true`, so that nobody hears of it, or `/bin/false`.

use alloc::vec::Vec;

/// What a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Nothing is done, and that is well.
    True,
    /// Nothing is done, and that is a failure.
    False,
    /// A program with its arguments.
    Program(Vec<&'a [u8]>),
    /// It takes a shell to know.
    Shell,
}

impl<'a> Command<'a> {
    /// Reads a command. The word `$CMDLINE_OPTS` stands for the options of
    /// modprobe's command line, of which the kernel gives none.
    pub fn of(line: &'a [u8]) -> Self {
        let words = line.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty() && *word != b"$CMDLINE_OPTS");
        let words: Vec<&[u8]> = words.collect();
        let Some(program) = words.first() else {
            return Self::Shell;
        };
        if program.contains(&b'=') || !words.iter().copied().flatten().all(is_plain) {
            return Self::Shell;
        }
        match *program {
            b"true" | b"/bin/true" | b"/usr/bin/true" | b":" => Self::True,
            b"false" | b"/bin/false" | b"/usr/bin/false" => Self::False,
            [b'/', ..] => Self::Program(words),
            // A shell would look for it along PATH.
            _ => Self::Shell,
        }
    }
}

/// Whether a shell takes the byte as it is, wherever it stands.
const fn is_plain(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'-' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_and_false_are_known_with_any_plain_arguments() {
        for line in [
            "/bin/true",
            " /usr/bin/true  x",
            "true",
            ":",
            "/bin/true $CMDLINE_OPTS",
        ] {
            assert_eq!(Command::of(line.as_bytes()), Command::True, "{line}");
        }
        for line in ["/bin/false", "/usr/bin/false", "false\t"] {
            assert_eq!(Command::of(line.as_bytes()), Command::False, "{line}");
        }
    }

    #[test]
    fn a_program_has_a_path_and_plain_words() {
        let words: &[&[u8]] = &[b"/sbin/modprobe", b"-i", b"x", b"a=1"];
        let line = b"/sbin/modprobe -i x a=1 $CMDLINE_OPTS";
        assert_eq!(Command::of(line), Command::Program(words.to_vec()));
    }

    #[test]
    fn what_a_shell_would_read_otherwise_is_left_to_one() {
        for line in [
            "",
            "modprobe x",
            "A=1 /bin/true",
            "/bin/true; reboot",
            "/bin/true&reboot",
            "/bin/true || x",
            "/bin/true $(x)",
            "/bin/true `x`",
            "/bin/true \"x\"",
            "/bin/true $X",
            "/bin/true *",
            "/bin/true #x",
            "/bin/true >x",
            "{ /bin/true",
            "/bin/true ~",
            "/bin/true !x",
            "/bin/tru\\e",
        ] {
            assert_eq!(Command::of(line.as_bytes()), Command::Shell, "{line}");
        }
    }
}
