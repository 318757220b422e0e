// SPDX-License-Identifier: MIT OR Apache-2.0

//! The table of `kernel/README.md`: how long each file is, and how many blocks
//! of it are unsafe. A row that is no longer true is a complaint, so that what
//! a change costs is part of the change.

use std::fs;

/// Who tells of the files.
const README: &str = "kernel/README.md";

/// Where unsafe code is at home: what makes Linux safe for the rest, and what
/// makes the rest safe for drivers. The links lead to crates without any.
const SAFE_TYPES: &[&str] = &["kernel/linux/", "kernel/umh.rs"];

/// The most blocks in all other files: at the border to C.
const ELSEWHERE: usize = 15;

/// Adds what is wrong with the table, which is of those of `files` that Linux
/// compiles.
pub(super) fn check(files: &[String], complaints: &mut Vec<String>) {
    let read = |path: &str| fs::read_to_string(crate::root().join(path));
    let mut counted = Vec::new();
    for path in files.iter().filter(|path| is_source(path)) {
        match read(path) {
            Ok(text) => counted.push(Counted::of(path, &text)),
            Err(error) => complaints.push(format!("{path}: {error}")),
        }
    }
    let elsewhere = counted.iter().filter(|file| !file.is_safe_type());
    let elsewhere: usize = elsewhere.map(|file| file.blocks).sum();
    if elsewhere > ELSEWHERE {
        complaints.push(format!(
            "kernel: {elsewhere} unsafe blocks outside of linux/ and umh.rs, not {ELSEWHERE} at most"
        ));
    }
    let table = table(&counted);
    match read(README) {
        Ok(text) if text.contains(&table) => {}
        Ok(_) => complaints.push(format!("{README}: the table of its files is\n{table}")),
        Err(error) => complaints.push(format!("{README}: {error}")),
    }
}

fn is_source(path: &str) -> bool {
    let linked = ["kernel/umh_core", "kernel/umh_abi"];
    path.starts_with("kernel/")
        && [".rs", ".c", ".h"].iter().any(|end| path.ends_with(end))
        && !linked.iter().any(|link| path.starts_with(link))
}

struct Counted<'a> {
    path: &'a str,
    lines: usize,
    blocks: usize,
}

impl<'a> Counted<'a> {
    fn of(path: &'a str, text: &str) -> Self {
        let code = text.lines().filter_map(|line| line.split("//").next());
        Self {
            path,
            lines: text.lines().count(),
            blocks: code.map(|code| code.matches("unsafe {").count()).sum(),
        }
    }

    fn is_safe_type(&self) -> bool {
        SAFE_TYPES.iter().any(|place| self.path.starts_with(place))
    }
}

fn table(files: &[Counted<'_>]) -> String {
    let mut table = String::from("| file | lines | unsafe blocks |\n| --- | ---: | ---: |\n");
    let mut row = |name: &str, files: &[&Counted<'_>]| {
        let lines: usize = files.iter().map(|file| file.lines).sum();
        let blocks: usize = files.iter().map(|file| file.blocks).sum();
        table += &format!("| {name} | {lines} | {blocks} |\n");
    };
    for file in files {
        let name = file.path.trim_start_matches("kernel/");
        row(&format!("`{name}`"), &[file]);
    }
    let (safe, others): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.is_safe_type());
    row("`linux/` and `umh.rs`", &safe);
    row("the others", &others);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_and_comments_are_not() {
        let text = "// unsafe { }\nlet a = unsafe { b } + unsafe { c };\nunsafe fn d() {}\n";
        let file = Counted::of("kernel/a.rs", text);
        assert_eq!((file.lines, file.blocks), (3, 2));
        let table = table(&[file]);
        assert!(table.contains("| `a.rs` | 3 | 2 |\n"), "{table}");
        assert!(table.ends_with("| the others | 3 | 2 |\n"), "{table}");
    }

    #[test]
    fn what_is_only_linked_to_is_not_of_the_kernel() {
        assert!(is_source("kernel/linux/cred.rs"));
        assert!(!is_source("kernel/umh_core/exec.rs"));
        assert!(!is_source("crates/umh-core/src/exec.rs"));
        assert!(!is_source("kernel/README.md"));
    }
}
