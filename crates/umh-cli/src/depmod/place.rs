// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where the modules are and where their indexes go, from the arguments.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::args::Depmod;
use super::publish;

/// Where what modules said is remembered, a file for each kernel.
const REMEMBERED: &str = "/var/cache/umh/depmod";

/// What the arguments amount to.
pub(super) struct Place {
    pub(super) release: OsString,
    /// The kernel's module directory.
    pub(super) modules: PathBuf,
    /// Where the indexes go.
    pub(super) output: PathBuf,
    pub(super) files: Vec<PathBuf>,
    /// Where is remembered what modules say.
    pub(super) remembered: Option<PathBuf>,
    pub(super) prefix: Option<u8>,
}

/// What is wrong with the arguments.
#[derive(Debug)]
pub(super) enum Wrong {
    /// Not two numbers with a dot between them.
    Version(OsString),
    /// Not one character.
    Prefix,
    /// A relative path, and no directory that it is relative to.
    Directory(PathBuf, io::Error),
}

impl Place {
    pub(super) fn of(args: &Depmod) -> Result<Self, Wrong> {
        let mut operands = args.operands.iter();
        let release = match operands.next() {
            Some(version) if is_version(version) => version.clone(),
            Some(version) => return Err(Wrong::Version(version.clone())),
            None => OsStr::from_bytes(rustix::system::uname().release().to_bytes()).to_owned(),
        };
        let prefix = match args.symbol_prefix.as_ref().map(|prefix| prefix.as_bytes()) {
            None => None,
            Some([prefix]) => Some(*prefix),
            Some(_) => return Err(Wrong::Prefix),
        };
        // As kmod puts paths together: messages have them.
        let below = |root: Option<&PathBuf>| {
            let root = match root {
                None => PathBuf::new(),
                Some(path) => std::path::absolute(path)
                    .map_err(|error| Wrong::Directory(path.clone(), error))?,
            };
            let mut path = root.into_os_string();
            let directory = args.moduledir.as_os_str().as_bytes();
            let leading = directory.iter().take_while(|byte| **byte == b'/').count();
            for part in [
                directory.get(leading..).unwrap_or_default(),
                release.as_bytes(),
            ] {
                path.push("/");
                path.push(OsStr::from_bytes(part));
            }
            Ok(PathBuf::from(path))
        };
        let modules = below(args.basedir.as_ref())?;
        let output = below(args.outdir.as_ref().or(args.basedir.as_ref()))?;

        let is_system = args.basedir.is_none() && args.outdir.is_none() && operands.len() == 0;
        let remembered = match &args.remember {
            // A list of checksums is asked for once in a while, and not kept.
            _ if args.full || args.symvers.is_some() => None,
            Some(path) => Some(path.clone()),
            None => is_system.then(|| Path::new(REMEMBERED).join(&release)),
        };
        Ok(Self {
            modules,
            output,
            files: operands.map(PathBuf::from).collect(),
            remembered,
            prefix,
            release,
        })
    }

    /// Whether no module is newer than the index of dependencies, and no run
    /// was killed between that and the others.
    pub(super) fn is_up_to_date(&self) -> bool {
        let index = fs::metadata(self.output.join("modules.dep"));
        publish::unfinished(&self.output).next().is_none()
            && index.is_ok_and(|index| !has_newer(&self.modules, time(&index)))
    }
}

/// Whether a module below `directory` changed after `time`, as far as can be
/// seen.
fn has_newer(directory: &Path, than: (i64, i64)) -> bool {
    let mut directories = vec![directory.to_owned()];
    let mut seen = std::collections::HashSet::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_module = super::search::is_module(name.as_bytes());
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let is_other = !is_module && !kind.is_dir() && !kind.is_symlink();
            if matches!(name.as_bytes(), b"build" | b"source") || is_other {
                continue;
            }
            if kind.is_dir() {
                directories.push(entry.path());
                continue;
            }
            let data = if kind.is_symlink() {
                fs::metadata(entry.path())
            } else {
                entry.metadata()
            };
            let Ok(data) = data else {
                continue;
            };
            // Links may lead in a circle.
            if data.is_dir() && seen.insert((data.dev(), data.ino())) {
                directories.push(entry.path());
            }
            if data.is_file() && is_module && time(&data) > than {
                return true;
            }
        }
    }
    false
}

fn time(data: &fs::Metadata) -> (i64, i64) {
    (data.mtime(), data.mtime_nsec())
}

/// `6.12` and whatever follows.
fn is_version(text: &OsStr) -> bool {
    let mut parts = text.as_bytes().splitn(2, |byte| *byte == b'.');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let first = parts.next().is_some_and(is_number);
    let second = parts.next().and_then(|part| part.first());
    first && second.is_some_and(u8::is_ascii_digit)
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "Bad version passed {}", version.display()),
            Self::Prefix => f.write_str("-P only takes a single char"),
            Self::Directory(path, error) => write!(f, "invalid path {}: {error}", path.display()),
        }
    }
}
