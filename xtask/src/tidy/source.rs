// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rules for each file by itself.

/// Beyond it a file has more than one subject.
const LONGEST: usize = 450;

/// The only places in which Rust may be unsafe: the system calls, and what a
/// program without libc, or the imitation of one, must bring to start at all.
const UNSAFE: &[&str] = &[
    "crates/umh-helper/src/sys",
    "crates/umh/src/sys",
    "tests/conform/src/sys",
    "bench/peers/starter/src/sys",
    "bench/peers/least/src/main.rs",
    "bench/peers/imitator/src/main.rs",
    "crates/umh-helper/src/start.rs",
    "crates/umh-helper/src/mem.rs",
    // Inside Linux; what of it may be unsafe is told in kernel/README.md.
    "kernel",
];

/// Adds what is wrong with the file at `path`.
pub(super) fn check(path: &str, text: &str, complaints: &mut Vec<String>) {
    let mut complain =
        |line: usize, words: &str| complaints.push(format!("{path}:{line}: {words}"));
    let rust = path.ends_with(".rs");
    let source = rust
        || [".c", ".h", ".config", "/Kbuild"]
            .iter()
            .any(|end| path.ends_with(end));
    if !source {
        return;
    }

    let mut lines = text.lines().filter(|line| !line.starts_with("#!/"));
    if !lines
        .next()
        .is_some_and(|line| line.contains("SPDX-License-Identifier: "))
    {
        complain(1, "the first line has no SPDX-License-Identifier");
    }
    if rust && !text.lines().take(4).any(|line| line.starts_with("//!")) {
        complain(3, "no //! says what the file is");
    }
    let length = text.lines().count();
    if rust && length > LONGEST {
        complain(
            length,
            &format!("more than {LONGEST} lines: which subject can leave?"),
        );
    }
    let may_be_unsafe = UNSAFE.iter().any(|place| path.starts_with(place));
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or(line);
        let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        if rust
            && !may_be_unsafe
            && is_unsafe.iter().any(|word| {
                code.trim_start().starts_with(word) || code.contains(&format!(" {word}"))
            })
        {
            complain(number, "unsafe belongs in a crate's src/sys/");
        }
        if UNFINISHED
            .iter()
            .any(|[first, second]| line.contains(&format!("{first}{second}")))
        {
            complain(number, "finish it, or write an issue");
        }
        if line.ends_with([' ', '\t']) {
            complain(number, "space at the end of the line");
        }
    }
}

/// In halves, so that this file has none.
const UNFINISHED: &[[&str; 2]] = &[
    ["TO", "DO"],
    ["FIX", "ME"],
    ["todo", "!("],
    ["unimple", "mented!("],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        check(path, text, &mut complaints);
        complaints
    }

    #[test]
    fn a_good_file_has_licence_and_subject() {
        let good = "// SPDX-License-Identifier: MIT OR Apache-2.0\n\n//! It.\n";
        assert!(complaints("a.rs", good).is_empty());
        assert_eq!(complaints("a.rs", "fn main() {}\n").len(), 2);
        assert!(complaints("a.txt", "fn main() {}\n").is_empty());
    }

    #[test]
    fn unsafe_is_found_outside_of_its_places() {
        let text =
            "// SPDX-License-Identifier: X\n\n//! It.\nlet a = unsafe { b };\n// unsafe { c }\n";
        assert_eq!(complaints("crates/umh-helper/src/a.rs", text).len(), 1);
        assert!(complaints("crates/umh-helper/src/sys/a.rs", text).is_empty());
    }
}
