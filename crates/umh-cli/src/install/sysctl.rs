// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the sysctl.d files of a tree set, in the order in which they take
//! effect (sysctl.d(5)).

use std::collections::BTreeMap;

use crate::tree::Tree;

/// Directories of files, the first that has a name wins.
const DIRECTORIES: &[&str] = &[
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: String,
    /// Its base name, which orders it among the others.
    pub name: String,
    /// The setting, written with dots.
    pub key: String,
    /// The value.
    pub value: String,
}

/// All lines of all files; the last of a key is the one in force.
pub fn lines(tree: &Tree) -> Vec<Line> {
    let mut files = BTreeMap::new();
    for directory in DIRECTORIES {
        for name in tree.list(directory).unwrap_or_default() {
            if let Some(name) = name.to_str().filter(|name| name.ends_with(".conf")) {
                files
                    .entry(name.to_owned())
                    .or_insert_with(|| format!("{directory}/{name}"));
            }
        }
    }
    // procps reads it after all others; systemd where a link names it.
    let last = ("sysctl.conf".to_owned(), "/etc/sysctl.conf".to_owned());
    let files = files.into_iter().chain([last]);
    files
        .flat_map(|(name, file)| parse(&tree.read(&file).unwrap_or_default(), &name, &file))
        .collect()
}

fn parse(text: &[u8], name: &str, file: &str) -> Vec<Line> {
    let text = String::from_utf8_lossy(text);
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';']));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let line = |(key, value): (&str, &str)| Line {
        file: file.to_owned(),
        name: name.to_owned(),
        // `-key = value`: an error is no error.
        key: key.trim().trim_start_matches('-').replace('/', "."),
        value: value.trim().to_owned(),
    };
    pairs.map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_administrators_file_hides_the_vendors_of_the_same_name() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc/sysctl.d", "usr/lib/sysctl.d"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let put = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        put(
            "usr/lib/sysctl.d/50-coredump.conf",
            "kernel.core_pattern=|/x %P\n",
        );
        put(
            "usr/lib/sysctl.d/99-a.conf",
            "# kernel.modprobe=/no\n-kernel/modprobe = /a b\n",
        );
        put(
            "etc/sysctl.d/50-coredump.conf",
            "kernel.core_pattern=core\n",
        );
        put("etc/sysctl.d/notes", "kernel.modprobe=/no\n");
        let found = lines(&Tree::open(Some(root.path())).unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|line| (line.key.as_str(), line.value.as_str()))
            .collect();
        assert_eq!(
            found,
            [("kernel.core_pattern", "core"), ("kernel.modprobe", "/a b")]
        );
    }
}
