// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a call does in the new process, just before the program: typed steps,
//! each safe in a process that shares its maker's memory.

use std::ffi::CString;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::io::Result;
use rustix::process::{Resource, Rlimit};
use rustix::thread::UnshareFlags;

use crate::error::Stage;
use crate::sys;

/// A key for the helper's session keyring.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key's type: `user`, `logon`.
    pub kind: CString,
    /// Its description, by which it is found.
    pub description: CString,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// One step. They run in the order in which they were asked for.
#[derive(Debug)]
pub(crate) enum Step {
    Keyring,
    Key(Key),
    Limit {
        resource: Resource,
        soft: Option<u64>,
        hard: Option<u64>,
    },
    Unshare(UnshareFlags),
    Enter(OwnedFd),
    Root(CString),
    Directory(CString),
    NoNewPrivs,
}

impl Step {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Keyring => Stage::Keyring,
            Self::Key(_) => Stage::Key,
            Self::Limit { .. } => Stage::Limit,
            Self::Unshare(_) => Stage::Unshare,
            Self::Enter(_) => Stage::Enter,
            Self::Root(_) => Stage::Root,
            Self::Directory(_) => Stage::Directory,
            Self::NoNewPrivs => Stage::NoNewPrivs,
        }
    }

    /// Takes the step, in the child.
    pub(crate) fn take(&self) -> Result<()> {
        match self {
            Self::Keyring => sys::join_new_session(),
            Self::Key(key) => sys::add_key(&key.kind, &key.description, &key.payload),
            Self::Limit {
                resource,
                soft,
                hard,
            } => rustix::process::setrlimit(
                *resource,
                Rlimit {
                    current: *soft,
                    maximum: *hard,
                },
            ),
            Self::Unshare(flags) => sys::unshare(*flags),
            Self::Enter(namespace) => {
                rustix::thread::move_into_link_name_space(namespace.as_fd(), None)
            }
            Self::Root(path) => {
                rustix::process::chroot(path.as_c_str())?;
                // A working directory outside would be a way out.
                rustix::process::chdir(c"/")
            }
            Self::Directory(path) => rustix::process::chdir(path.as_c_str()),
            Self::NoNewPrivs => rustix::thread::set_no_new_privs(true),
        }
    }
}

/// The descriptors of the helper: what is not asked for is not inherited.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// By number; 0 to 2 are `/dev/null` unless here.
    given: Vec<(i32, Source)>,
}

#[derive(Debug)]
pub(crate) enum Source {
    File(OwnedFd),
    /// As the kernel starts its helpers.
    Closed,
}

/// Files on their way to their places, in the child.
pub(crate) struct Aside {
    null: Option<BorrowedFd<'static>>,
    /// In the order of [`Descriptors::given`].
    files: [Option<BorrowedFd<'static>>; Descriptors::MAX],
}

impl Descriptors {
    /// Asks for a descriptor; the last word on a number counts.
    pub(crate) fn give(&mut self, number: i32, source: Source) {
        self.given.retain(|(given, _)| *given != number);
        self.given.push((number, source));
        self.given.sort_by_key(|(number, _)| *number);
    }

    /// Has every file, in the child, where nobody's place is: one may lie
    /// where another belongs. Before the steps: after them there may be no
    /// `/dev/null` in another root directory, and no number left under a new
    /// limit, for all that we have open is in the child's table.
    pub(crate) fn set_aside(&self) -> Result<Aside> {
        let mut aside = Aside {
            null: None,
            files: [None; Self::MAX],
        };
        if (0..=2).any(|number| self.source(number).is_none()) {
            aside.null = Some(sys::null(self.free())?);
        }
        for ((_, source), copy) in self.given.iter().zip(&mut aside.files) {
            if let Source::File(file) = source {
                *copy = Some(sys::out_of_the_way(file.as_fd(), self.free())?);
            }
        }
        Ok(aside)
    }

    /// Arranges them, in the child. Nothing here allocates.
    pub(crate) fn arrange(&self, aside: &Aside) -> Result<()> {
        for ((number, _), copy) in self.given.iter().zip(&aside.files) {
            if let Some(file) = copy {
                sys::place(*file, *number)?;
            }
        }
        if let Some(null) = aside.null {
            for number in 0..=2 {
                if self.source(number).is_none() {
                    sys::place(null, number)?;
                }
            }
        }

        // Everything between the places and above them.
        let mut last_placed = -1;
        for number in self.places() {
            close_between(last_placed, number)?;
            last_placed = number;
        }
        sys::close_at_exec(unsigned(last_placed + 1), u32::MAX)
    }

    /// The most descriptors that can be asked for.
    pub(crate) const MAX: usize = 64;

    /// Whether there is room for one more.
    pub(crate) fn is_full(&self) -> bool {
        self.given.len() >= Self::MAX
    }

    /// The lowest number that is nobody's place.
    fn free(&self) -> i32 {
        let highest = self.given.last().map_or(2, |(number, _)| (*number).max(2));
        highest.saturating_add(1)
    }

    fn source(&self, number: i32) -> Option<&Source> {
        let given = self.given.iter().find(|(given, _)| *given == number);
        given.map(|(_, source)| source)
    }

    /// The numbers that are open in the end, in order.
    fn places(&self) -> impl Iterator<Item = i32> + '_ {
        let standard =
            (0..=2).filter(|number| !matches!(self.source(*number), Some(Source::Closed)));
        let others = self
            .given
            .iter()
            .filter_map(|(number, source)| match source {
                Source::File(_) if *number > 2 => Some(*number),
                _ => None,
            });
        standard.chain(others)
    }
}

fn close_between(before: i32, number: i32) -> Result<()> {
    if before + 1 < number {
        sys::close_at_exec(unsigned(before + 1), unsigned(number - 1))?;
    }
    Ok(())
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
