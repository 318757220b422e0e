// SPDX-License-Identifier: MIT OR Apache-2.0

//! What real kernels passed, captured in guests by `cargo xtask vm --capture`:
//! `vectors/KERNEL/CALL.txt`, lines of a key and a value. Words are quoted and
//! escaped as `core::ascii::escape_default` does; keys not read here are kept
//! for people (working directory, capabilities, limits).

#![expect(
    clippy::expect_used,
    reason = "a test states its expectations by failing"
)]

use std::fs;
use std::path::{Path, PathBuf};

use umh_abi::{Block, Descriptor, Fingerprint, Invocation, Message, Parent, Sink};

#[test]
fn every_captured_call_is_recognised_and_written_alike() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let files: Vec<_> = entries(&directory)
        .iter()
        .flat_map(|kernel| entries(kernel))
        .collect();
    assert!(
        !files.is_empty(),
        "{}: no vectors; run `cargo xtask vm --capture`",
        directory.display()
    );
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable file");
        let vector = Vector {
            file: &file,
            text: &text,
        };
        assert!(
            !vector.one("kernel").is_empty(),
            "{}: no kernel",
            file.display()
        );
        vector.check();
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run `cargo xtask vm --capture`",
            directory.display()
        )
    });
    entries
        .map(|entry| entry.expect("a readable directory").path())
        .collect()
}

struct Vector<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Vector<'a> {
    fn check(&self) {
        let mut block = Block::<8192>::new();
        self.all("argv")
            .for_each(|word| block.arg(&[&unquoted(word)]));
        self.all("env")
            .for_each(|word| block.env(&[&unquoted(word)]));
        let (argv, envp) = (block.argv().expect("fits"), block.envp().expect("fits"));
        let captured = Invocation {
            argv,
            envp,
            fingerprint: self.fingerprint(),
        };
        let name = self
            .file
            .file_stem()
            .expect("a file's name")
            .to_string_lossy()
            .replace('_', "-");

        let message = Message::parse(&captured);
        let message = message.unwrap_or_else(|error| panic!("{}: {error:?}", self.file.display()));
        assert_eq!(message.caller().name(), name, "{}", self.file.display());

        let mut written = Block::<8192>::new();
        let written = message.write_to(&mut written).expect("fits");
        assert_eq!(written, captured, "{}", self.file.display());
    }

    fn fingerprint(&self) -> Fingerprint {
        let parent = match self.one("parent") {
            "kthreadd" => Parent::Kthreadd,
            "kworker" => Parent::Kworker,
            other => panic!("{}: parent {other}", self.file.display()),
        };
        let open: Vec<_> = self.all("fd").filter_map(|fd| fd.split_once(' ')).collect();
        let state = |wanted| match open.iter().find(|(fd, _)| *fd == wanted) {
            None => Descriptor::Closed,
            Some((_, "pipe")) => Descriptor::Pipe,
            Some(_) => Descriptor::Other,
        };
        Fingerprint {
            parent,
            sessionless: self.one("sid") == "0" && self.one("pgid") == "0",
            root: self
                .all("uid")
                .all(|ids| ids.split(' ').all(|id| id == "0")),
            stdin: state("0"),
            pidfd: state("3"),
            other_fds: open.iter().any(|(fd, _)| !matches!(*fd, "0" | "3")),
            core_limit_one: self.one("rlimit-core") == "1 1",
        }
    }

    fn all(&self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.text.lines().filter_map(|line| line.split_once(' '));
        values.filter_map(move |(name, value)| (name == key).then_some(value))
    }

    fn one(&self, key: &'a str) -> &'a str {
        self.all(key)
            .next()
            .unwrap_or_else(|| panic!("{}: no {key}", self.file.display()))
    }
}

fn unquoted(word: &str) -> Vec<u8> {
    let inner = word
        .strip_prefix('"')
        .and_then(|word| word.strip_suffix('"'));
    let mut letters = inner
        .unwrap_or_else(|| panic!("{word} is not quoted"))
        .bytes();
    let mut bytes = Vec::new();
    while let Some(letter) = letters.next() {
        if letter != b'\\' {
            bytes.push(letter);
            continue;
        }
        bytes.push(match letters.next() {
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'x') => hex(letters.next()) << 4 | hex(letters.next()),
            Some(plain @ (b'\'' | b'"' | b'\\')) => plain,
            other => panic!("{word}: unknown escape {other:?}"),
        });
    }
    bytes
}

fn hex(digit: Option<u8>) -> u8 {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16));
    value
        .and_then(|value| u8::try_from(value).ok())
        .expect("two digits after \\x")
}
