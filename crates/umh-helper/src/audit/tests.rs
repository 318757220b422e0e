// SPDX-License-Identifier: MIT OR Apache-2.0

//! The audit on a machine of its own, with many processes and sudden deaths.

mod disk;
mod lines;
mod place;
mod reading;
mod sigkill;
mod storm;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

use super::reader::{Found, Reader, Stored};
use super::slot::Image;
use super::*;

/// A directory that stands for `/`, with an empty `/run` and a plain file for
/// `/dev/kmsg`.
pub(super) struct Machine {
    pub(super) root: Root,
    /// Who stands for root.
    pub(super) owner: u32,
    directory: PathBuf,
    _cleanup: Option<TempDir>,
}

impl Machine {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let machine = Self {
            _cleanup: None,
            ..Self::at(directory.path())
        };
        fs::create_dir(machine.path("run")).unwrap();
        rustix::fs::chmod(machine.path("run"), Mode::from_raw_mode(0o755)).unwrap();
        fs::create_dir(machine.path("dev")).unwrap();
        fs::write(machine.path("dev/kmsg"), "").unwrap();
        Self {
            _cleanup: Some(directory),
            ..machine
        }
    }

    /// The machine that another process made.
    fn at(directory: &Path) -> Self {
        let root = Root::At(fs::File::open(directory).unwrap().into());
        let owner = rustix::process::getuid().as_raw();
        Self {
            root,
            owner,
            directory: directory.to_path_buf(),
            _cleanup: None,
        }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    pub(super) fn image(&self) -> Image {
        Image::new(&entry(b"/sbin/modprobe\0"), std::process::id(), 1)
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.root).unwrap()
    }

    /// On whatever file system tests have.
    pub(super) fn demands(&self) -> Demands {
        Demands {
            owner: self.owner,
            in_memory: false,
        }
    }

    fn log(&self) -> Log<'_> {
        Log::open_as(&self.root, self.demands())
    }

    fn records(&self) -> Vec<Found> {
        let mut reader = self.reader();
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    fn whole_records(&self) -> Vec<Stored> {
        let whole = |found| match found {
            Found::Record(stored) => Some(stored),
            Found::Unwritten(_) | Found::Overwritten(_) => None,
        };
        self.records().into_iter().filter_map(whole).collect()
    }

    fn lines(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("dev/kmsg")).unwrap();
        log.lines().map(str::to_owned).collect()
    }

    /// The command that runs the test `name` again, in a process of its own
    /// that finds this machine by [`Machine::inherited`].
    fn process(&self, name: &str) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", name])
            .env(VARIABLE, &self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// The machine of the process that started this one, if a test did.
    fn inherited() -> Option<Self> {
        env::var_os(VARIABLE).map(|directory| Self::at(Path::new(&directory)))
    }
}

/// A denied call with this argument block.
pub(super) fn entry(argv: &[u8]) -> Entry<'_> {
    Entry {
        caller: Some(Caller::Modprobe),
        argv: Words::new(argv).unwrap(),
        rule: "rule",
        decision: Decision::Deny,
        reason: Reason::Path,
        detail: b"detail",
        target: b"/target",
        log: Level::Denials,
    }
}

const VARIABLE: &str = "UMH_TEST_MACHINE";
