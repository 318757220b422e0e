// SPDX-License-Identifier: MIT OR Apache-2.0

//! depmod.d: which of several modules of one name is used, and where modules
//! are looked for beside the kernel's own directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::kmod::messages::{Level, Messages};

/// Where the files are; of two with one name, that of the earlier directory
/// counts.
const DIRECTORIES: &[&str] = &[
    "/etc/depmod.d",
    "/run/depmod.d",
    "/usr/local/lib/depmod.d",
    "/usr/lib/depmod.d",
    "/lib/depmod.d",
];

/// What all files say.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The first that was given comes first.
    pub(super) searches: Vec<Search>,
    /// Paths below the module directory, without what files are named after.
    pub(super) overrides: Vec<Vec<u8>>,
    pub(super) externals: Vec<Vec<u8>>,
    pub(super) excludes: Vec<Vec<u8>>,
}

/// A place that modules are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A directory below the module directory.
    Path(Vec<u8>),
    /// Everything that no other place holds.
    Builtin,
    /// The directories that `external` lines name.
    External,
}

impl Config {
    /// Reads the files at `paths`, or the system's, for a kernel `release`.
    pub(super) fn load(paths: &[PathBuf], release: &[u8], messages: &Messages) -> Self {
        let mut config = Self::default();
        for path in files(paths, messages) {
            match fs::read(&path) {
                Ok(text) => config.parse(&path, &text, release, messages),
                Err(error) => {
                    messages.error(format_args!("file parse {}: {error}", path.display()))
                }
            }
        }
        if config.searches.is_empty() {
            config.searches.push(Search::Path(b"updates".into()));
        }
        config
    }

    fn parse(&mut self, path: &Path, text: &[u8], release: &[u8], messages: &Messages) {
        for (number, line) in joined(text) {
            let mut words = words(&line);
            let Some(command) = words.next() else {
                continue;
            };
            if command.starts_with(b"#") {
                continue;
            }
            let at = format_args!("{}:{number}", path.display()).to_string();
            let fits = |version: &[u8]| {
                let fits = matches(version, release);
                if !fits {
                    let version = version.escape_ascii();
                    let text = format_args!("{at}: not for this kernel: {version}").to_string();
                    messages.say(Level::Info, text);
                }
                fits
            };
            match (command, words.next(), words.next(), words.next()) {
                (b"search", first, second, third) => {
                    let given = [first, second, third].into_iter().flatten().chain(words);
                    self.searches.extend(given.map(|word| match word {
                        b"built-in" => Search::Builtin,
                        b"external" => Search::External,
                        path => Search::Path(path.into()),
                    }));
                }
                (b"exclude", first, second, third) => {
                    let given = [first, second, third].into_iter().flatten().chain(words);
                    self.excludes.extend(given.map(<[u8]>::to_vec));
                }
                (b"override", Some(module), Some(version), Some(directory)) => {
                    if fits(version) {
                        self.overrides.push([directory, b"/", module].concat());
                    }
                }
                (b"external", Some(version), Some(directory), _) => {
                    if fits(version) {
                        self.externals.push(directory.into());
                    }
                }
                (b"include" | b"make_map_files", ..) => {
                    let command = command.escape_ascii();
                    messages.say(
                        Level::Info,
                        format_args!("{at}: command {command} not implemented yet"),
                    );
                }
                _ => {
                    let command = command.escape_ascii();
                    messages.error(format_args!(
                        "{at}: ignoring bad line starting with '{command}'"
                    ));
                }
            }
        }
    }
}

/// Whether a kernel's `release` is one of those that `version` describes: `*`,
/// or an extended regular expression, as all of regex(7) that names of
/// kernels need.
fn matches(version: &[u8], release: &[u8]) -> bool {
    if version == b"*" {
        return true;
    }
    match (str::from_utf8(version), str::from_utf8(release)) {
        (Ok(version), Ok(release)) => {
            let expression = regex_lite::Regex::new(version);
            expression.is_ok_and(|expression| expression.is_match(release))
        }
        _ => false,
    }
}

/// The files to read: sorted by name, whatever their directory.
fn files(paths: &[PathBuf], messages: &Messages) -> Vec<PathBuf> {
    let standard = DIRECTORIES.iter().map(PathBuf::from);
    let standard: Vec<PathBuf> = if paths.is_empty() {
        standard.collect()
    } else {
        Vec::new()
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths.iter().chain(&standard) {
        if !path.is_dir() {
            // A file may have any name; what is not there says nothing.
            files.extend(path.exists().then(|| path.clone()));
            continue;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries.flatten(),
            Err(error) => {
                messages.error(format_args!("files list {}: {error}", path.display()));
                continue;
            }
        };
        for entry in entries {
            let name = entry.file_name();
            let is_ours = name.as_bytes().ends_with(b".conf") && !name.as_bytes().starts_with(b".");
            if is_ours && name.len() > ".conf".len() {
                if entry.path().is_dir() {
                    let path = entry.path();
                    messages.error(format_args!(
                        "Directories inside directories are not supported: {}",
                        path.display()
                    ));
                } else {
                    files.push(entry.path());
                }
            }
        }
    }
    // The sort is stable: of one name, the earlier directory's stays first.
    let name = |path: &PathBuf| {
        path.file_name()
            .map(OsStr::to_owned)
            .unwrap_or_default()
            .into_vec()
    };
    files.sort_by_key(name);
    files.dedup_by_key(|path| name(path));
    files
}

/// Lines with their numbers; a backslash at the end of one joins the next.
fn joined(text: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut lines: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let (line, more) = match line.strip_suffix(b"\\") {
            Some(line) => (line, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((last, begun)) if goes_on => {
                *last = number;
                begun.extend_from_slice(line);
            }
            _ => lines.push((number, line.to_vec())),
        }
        goes_on = more;
    }
    lines
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Config {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let messages = Messages::new("depmod", Level::Silence, false);
        let mut paths: Vec<PathBuf> = ["a", "b"].map(|name| directory.path().join(name)).into();
        paths.retain(|path| path.exists());
        Config::load(&paths, b"6.12.1-test", &messages)
    }

    #[test]
    fn updates_come_first_unless_something_else_is_said() {
        assert_eq!(
            of(&[("a/x", "")]).searches,
            [Search::Path(b"updates".into())]
        );
        let config = of(&[("a/x.conf", "search extra built-in\\\n external weak")]);
        let path = |name: &[u8]| Search::Path(name.into());
        assert_eq!(
            config.searches,
            [
                path(b"extra"),
                Search::Builtin,
                Search::External,
                path(b"weak")
            ]
        );
    }

    #[test]
    fn a_file_of_an_earlier_directory_hides_its_namesake() {
        let config = of(&[
            ("a/x.conf", "exclude one"),
            ("b/x.conf", "exclude two"),
            ("b/a.conf", "exclude three\n#exclude four\n\n"),
            ("b/not", "exclude five"),
            ("b/.conf", "exclude six"),
        ]);
        assert_eq!(config.excludes, [b"three".to_vec(), b"one".to_vec()]);
    }

    #[test]
    fn lines_for_other_kernels_are_passed_over() {
        let config = of(&[(
            "a/x.conf",
            "override m 6.11.* updates\noverride m 6.12.* extra\noverride n * extra\noverride o *\nexternal ^5 /x\nexternal ^6 /y\n",
        )]);
        assert_eq!(config.overrides, [b"extra/m".to_vec(), b"extra/n".to_vec()]);
        assert_eq!(config.externals, [b"/y".to_vec()]);
    }
}
