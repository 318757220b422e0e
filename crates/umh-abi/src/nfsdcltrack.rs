// SPDX-License-Identifier: MIT OR Apache-2.0

//! The NFS server keeps track of a client: `nfsdcltrack COMMAND [WORD]`.
//!
//! `fs/nfsd/nfs4recover.c:nfsd4_umh_cltrack_upcall`, with
//! `CONFIG_NFSD_LEGACY_CLIENT_TRACKING`. The environment is part of the
//! request: at most two `NFSDCLTRACK_*`, and nothing else.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Decimal, Sink, decimal};
use crate::fingerprint::Fingerprint;
use crate::words::{Invocation, Words};

/// The most digits of a client's id: `NFS4_OPAQUE_LIMIT` bytes in hexadecimal.
pub const CLIENT_MAX: usize = 2 * 1024;

/// The longest legacy directory: `PATH_MAX` less its NUL, `/`, and the 32
/// digits that name a client (`HEXDIR_LEN`).
pub const DIRECTORY_MAX: usize = 4095 + 1 + 32;

/// One request to the NFS server's stable storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nfsdcltrack<'a> {
    /// The program that the kernel meant to run: `nfsd.cltrack_prog`.
    pub program: &'a [u8],
    /// What is to be done.
    pub command: Command<'a>,
}

/// What is to be done. A client is the id that it gave itself, in
/// hexadecimal. Where the kernel could not make a variable it is `None`; the
/// two places of the environment are positional, so without the first there
/// is no second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `init`: the server starts.
    Init {
        /// `NFSDCLTRACK_GRACE_START`: when, in UNIX seconds.
        grace_start: Option<i64>,
    },
    /// `create`: a client is to be remembered.
    Create {
        /// The client.
        client: &'a [u8],
        /// `NFSDCLTRACK_CLIENT_HAS_SESSION`: it speaks NFSv4.1 or newer.
        has_session: Option<bool>,
        /// `NFSDCLTRACK_GRACE_START`.
        grace_start: Option<i64>,
    },
    /// `remove`: a client is to be forgotten.
    Remove {
        /// The client.
        client: &'a [u8],
    },
    /// `check`: was the client known before the restart?
    Check {
        /// The client.
        client: &'a [u8],
        /// `NFSDCLTRACK_CLIENT_HAS_SESSION`.
        has_session: Option<bool>,
        /// `NFSDCLTRACK_LEGACY_RECDIR`: its directory of former kernels.
        legacy_recdir: Option<&'a [u8]>,
    },
    /// `gracedone`: whoever has not come back since is to be forgotten.
    GraceDone {
        /// The start of the grace period, in UNIX seconds.
        time: i64,
        /// `NFSDCLTRACK_LEGACY_TOPDIR`: the directory of former kernels.
        legacy_topdir: Option<&'a [u8]>,
    },
}

impl<'a> Nfsdcltrack<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "nfsdcltrack",
        source: "fs/nfsd/nfs4recover.c:nfsd4_umh_cltrack_upcall",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "nfsd.cltrack_prog",
            default: "/sbin/nfsdcltrack",
        },
        wait: Wait::Proc,
    };

    /// Recognises the call by its command; `None` if it is another.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        if !invocation.fingerprint.has_no_fds() || !invocation.fingerprint.waited_for() {
            return None;
        }
        let mut argv = invocation.argv.iter();
        let (program, command, word) = (argv.next()?, argv.next()?, argv.next());
        let client = || word.filter(|word| is_client(word));
        let mut variables = Variables::new(invocation.envp);
        let command = match (command, word) {
            (b"init", None) => Command::Init {
                grace_start: variables.time()?,
            },
            (b"create", Some(_)) => Command::Create {
                client: client()?,
                has_session: variables.has_session()?,
                grace_start: variables.time()?,
            },
            (b"remove", Some(_)) => Command::Remove { client: client()? },
            (b"check", Some(_)) => Command::Check {
                client: client()?,
                has_session: variables.has_session()?,
                legacy_recdir: variables.directory(RECDIR)?,
            },
            (b"gracedone", Some(time)) => Command::GraceDone {
                time: decimal(time)?,
                legacy_topdir: variables.directory(TOPDIR)?,
            },
            _ => return None,
        };
        let complete = argv.next().is_none() && variables.are_all_taken();
        complete.then_some(Self { program, command })
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        match self.command {
            Command::Init { grace_start } => {
                sink.arg(&[b"init"]);
                emit_time(grace_start, sink);
            }
            Command::Create {
                client,
                has_session,
                grace_start,
            } => {
                sink.arg(&[b"create"]);
                sink.arg(&[client]);
                emit_has_session(has_session, sink);
                emit_time(has_session.and(grace_start), sink);
            }
            Command::Remove { client } => {
                sink.arg(&[b"remove"]);
                sink.arg(&[client]);
            }
            Command::Check {
                client,
                has_session,
                legacy_recdir,
            } => {
                sink.arg(&[b"check"]);
                sink.arg(&[client]);
                emit_has_session(has_session, sink);
                emit_directory(RECDIR, has_session.and(legacy_recdir), sink);
            }
            Command::GraceDone {
                time,
                legacy_topdir,
            } => {
                sink.arg(&[b"gracedone"]);
                sink.arg(&[Decimal::new(time).as_bytes()]);
                emit_directory(TOPDIR, legacy_topdir, sink);
            }
        }
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::PROC
    }
}

/// The variables, taken in the kernel's order. Each method is `Some(None)`
/// when there are no more, and `None` when the next is not the one wanted.
struct Variables<'a> {
    block: &'a [u8],
}

impl<'a> Variables<'a> {
    const fn new(envp: Words<'a>) -> Self {
        Self {
            block: envp.block(),
        }
    }

    fn take(&mut self, key: &[u8]) -> Option<Option<&'a [u8]>> {
        if self.block.is_empty() {
            return Some(None);
        }
        let end = self.block.iter().position(|byte| *byte == 0)?;
        let value = self
            .block
            .get(..end)?
            .strip_prefix(key)?
            .strip_prefix(b"=")?;
        self.block = self.block.get(end + 1..)?;
        Some(Some(value))
    }

    fn time(&mut self) -> Option<Option<i64>> {
        match self.take(GRACE_START)? {
            None => Some(None),
            Some(time) => decimal(time).map(Some),
        }
    }

    fn has_session(&mut self) -> Option<Option<bool>> {
        match self.take(HAS_SESSION)? {
            None => Some(None),
            Some(b"Y") => Some(Some(true)),
            Some(b"N") => Some(Some(false)),
            Some(_) => None,
        }
    }

    fn directory(&mut self, key: &[u8]) -> Option<Option<&'a [u8]>> {
        let directory = self.take(key)?;
        directory
            .is_none_or(|path| path.len() <= DIRECTORY_MAX)
            .then_some(directory)
    }

    const fn are_all_taken(&self) -> bool {
        self.block.is_empty()
    }
}

/// Whether the word is what `bin2hex()` makes of a client's id.
fn is_client(word: &[u8]) -> bool {
    let digits = word
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    digits && word.len() % 2 == 0 && word.len() <= CLIENT_MAX
}

fn emit_time(time: Option<i64>, sink: &mut dyn Sink) {
    if let Some(time) = time {
        sink.env(&[GRACE_START, b"=", Decimal::new(time).as_bytes()]);
    }
}

fn emit_has_session(has_session: Option<bool>, sink: &mut dyn Sink) {
    if let Some(has_session) = has_session {
        sink.env(&[HAS_SESSION, b"=", if has_session { b"Y" } else { b"N" }]);
    }
}

fn emit_directory(key: &[u8], directory: Option<&[u8]>, sink: &mut dyn Sink) {
    if let Some(directory) = directory {
        sink.env(&[key, b"=", directory]);
    }
}

const GRACE_START: &[u8] = b"NFSDCLTRACK_GRACE_START";
const HAS_SESSION: &[u8] = b"NFSDCLTRACK_CLIENT_HAS_SESSION";
const RECDIR: &[u8] = b"NFSDCLTRACK_LEGACY_RECDIR";
const TOPDIR: &[u8] = b"NFSDCLTRACK_LEGACY_TOPDIR";
