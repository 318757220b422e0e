// SPDX-License-Identifier: MIT OR Apache-2.0

//! A call, while it is put together.

mod output;

pub use output::Output;

use std::ffi::{CString, OsStr};
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::process::Resource;
use rustix::thread::UnshareFlags;
use umh_core::call::program;
use umh_core::errno::Errno;
use umh_core::exec;
use umh_core::wait::{Status, Wait};

use crate::call::{Cleanup, ProcessCall};
use crate::cancel::Cancel;
use crate::capabilities::Capabilities;
use crate::descriptors::{Descriptors, Source};
use crate::engine::Umh;
use crate::error::{Error, Progress, Stage, io_errno};
use crate::init::{Key, Step};
use crate::processes::Processes;
use crate::sys::Words;

/// A program and everything around it. What is not asked for is not inherited:
/// no descriptor (0 to 2 are `/dev/null`), no environment, no signal action,
/// mask or pending signal, no umask, no priority (of processor or disk),
/// scheduling policy or processor affinity, no working directory or session.
///
/// Capabilities, limits, root directory, namespaces, cgroup, keyrings and "no
/// new privileges" are those of the caller until they are asked for. With no
/// way to ask, because Linux has none or there is a program for it
/// (setpriv(1), choom(1), runcon(1)): user and groups, `oom_score_adj`, timer
/// slack, memory policy, personality, securebits, seccomp filters and the
/// label of a security module.
///
/// The steps run in the order in which they are asked for, in the new process,
/// then the descriptors are arranged. An error names the step.
///
/// ```
/// use umh::{Command, Stage, Umh, Wait};
///
/// let umh = Umh::new();
/// let status = Command::new("/bin/sh").args(["-c", "exit 3"]).exec(&umh, Wait::PROC)?;
/// assert_eq!(status.code(), Some(3));
///
/// let missing = Command::new("/nowhere").exec(&umh, Wait::EXEC).unwrap_err();
/// assert_eq!(missing.stage, Stage::Exec);
/// assert_eq!(
///     missing.to_string(),
///     "/nowhere: cannot run it: No such file or directory (os error 2)"
/// );
/// # Ok::<(), umh::Error>(())
/// ```
#[must_use = "a command does nothing until `exec`"]
pub struct Command {
    path: Vec<u8>,
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
    steps: Vec<Step>,
    capabilities: Capabilities,
    descriptors: Descriptors,
    cgroup: Option<OwnedFd>,
    cleanup: Cleanup,
    cancel: Option<Cancel>,
    timeout: Option<Duration>,
    refused: Option<Errno>,
}

impl Command {
    /// A call of the program at `path`; no other place is searched. An empty
    /// path is a call that succeeds and does nothing.
    #[doc(alias = "call_usermodehelper_setup")]
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        let path = path.as_ref().as_bytes().to_vec();
        Self {
            argv: vec![path.clone()],
            path,
            envp: Vec::new(),
            steps: Vec::new(),
            capabilities: Capabilities::default(),
            descriptors: Descriptors::default(),
            cgroup: None,
            cleanup: Cleanup::default(),
            cancel: None,
            timeout: None,
            refused: None,
        }
    }

    /// A call with these words.
    pub(crate) fn of(path: &[u8], argv: umh_abi::Words<'_>, envp: umh_abi::Words<'_>) -> Self {
        Self {
            argv: argv.iter().map(<[u8]>::to_vec).collect(),
            envp: envp.iter().map(<[u8]>::to_vec).collect(),
            ..Self::new(OsStr::from_bytes(path))
        }
    }

    /// Another word 0 than the path.
    pub fn arg0(mut self, word: impl AsRef<OsStr>) -> Self {
        if let Some(first) = self.argv.first_mut() {
            *first = word.as_ref().as_bytes().to_vec();
        }
        self
    }

    /// One more argument.
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.argv.push(word.as_ref().as_bytes().to_vec());
        self
    }

    /// More arguments.
    pub fn args(self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    /// One more environment variable. There are no others.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().as_bytes(), value.as_ref().as_bytes());
        self.envp.push([name, b"=", value].concat());
        self
    }

    /// More environment variables.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let add = |command: Self, (name, value)| command.env(name, value);
        variables.into_iter().fold(self, add)
    }

    /// Gives the program a file at this descriptor.
    pub fn descriptor(self, number: u16, file: impl Into<OwnedFd>) -> Self {
        self.give(number, Source::File(file.into()))
    }

    /// Starts the program with this descriptor closed: the kernel starts its
    /// helpers so, with all of them.
    pub fn closed(self, number: u16) -> Self {
        self.give(number, Source::Closed)
    }

    /// Makes descriptor 0 the reading end of a pipe; the other end is for the
    /// caller, who waits for the start of the program and then writes.
    #[doc(alias = "call_usermodehelper_stdinpipe")]
    #[doc(alias = "call_usermodehelper_pipe")]
    pub fn stdin_pipe(self) -> Result<(Self, PipeWriter), Error> {
        let (reader, writer) = self.pipe()?;
        Ok((self.descriptor(0, reader), writer))
    }

    /// Makes descriptor `number` the writing end of a pipe; the other end is
    /// for the caller.
    pub fn pipe_from(self, number: u16) -> Result<(Self, PipeReader), Error> {
        let (reader, writer) = self.pipe()?;
        Ok((self.descriptor(number, writer), reader))
    }

    /// Step: a new session keyring. Keys of the caller's session are out of
    /// reach then. It has no name: by a name keyctl(2) joins a keyring that
    /// somebody else may have made and opened to all.
    #[doc(alias = "call_usermodehelper_setkeys")]
    #[doc(alias = "call_usermodehelper_keys")]
    pub fn session_keyring(self) -> Self {
        self.step(Step::Keyring)
    }

    /// Step: a key in the session keyring. Unless [`Command::session_keyring`]
    /// comes before it, that is the caller's own.
    pub fn key(self, key: Key) -> Self {
        self.step(Step::Key(key))
    }

    /// Step: a resource limit; `None` for no limit.
    pub fn limit(self, resource: Resource, soft: Option<u64>, hard: Option<u64>) -> Self {
        self.step(Step::Limit {
            resource,
            soft,
            hard,
        })
    }

    /// Step: new namespaces. Of a new PID or time namespace it is the program's
    /// children, or from Linux 6.3 on in time the program itself, that are in it.
    /// `EINVAL` for flags that are no namespaces.
    pub fn unshare(self, namespaces: UnshareFlags) -> Self {
        self.step(Step::Unshare(namespaces))
    }

    /// Step: the namespace that `file` (of `/proc/PID/ns`) is. A time namespace
    /// is `EUSERS`: the kernel lets nobody in who shares memory, and the new
    /// process still shares ours. Entering a mount namespace leads to its root
    /// directory, so that [`Command::root`] and [`Command::directory`] come
    /// after it, as all steps do that need what an earlier one gives: a user
    /// namespace first, `chroot` before giving anything up.
    pub fn enter(self, file: impl Into<OwnedFd>) -> Self {
        self.step(Step::Enter(file.into()))
    }

    /// Step: another root directory, which becomes the working directory too.
    pub fn root(mut self, path: impl AsRef<OsStr>) -> Self {
        let path = self.word(path.as_ref().as_bytes());
        self.step(Step::Root(path))
    }

    /// Step: another working directory than `/`.
    pub fn directory(mut self, path: impl AsRef<OsStr>) -> Self {
        let path = self.word(path.as_ref().as_bytes());
        self.step(Step::Directory(path))
    }

    /// Step: no new privileges by execve(2), for the program and all that it
    /// starts.
    pub fn no_new_privs(self) -> Self {
        self.step(Step::NoNewPrivs)
    }

    /// The helper's capability sets, within the engine's bounds. They are taken
    /// on last, after every step that may need more.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Starts the program in the cgroup (v2) that `directory` is.
    pub fn cgroup(mut self, directory: impl Into<OwnedFd>) -> Self {
        self.cgroup = Some(directory.into());
        self
    }

    /// Is run once, when the call is freed, whatever came of it: in the calling
    /// thread, or in a worker if nobody waits, or not any more. Also if the
    /// command is dropped without a call.
    #[doc(alias = "call_usermodehelper_setcleanup")]
    pub fn cleanup(mut self, cleanup: impl FnOnce() + Send + 'static) -> Self {
        self.cleanup = Cleanup::new(cleanup);
        self
    }

    /// Lets the wait, if there is one, be ended by `cancel`, with `ERESTARTSYS`.
    /// The program goes on.
    #[doc(alias = "UMH_KILLABLE")]
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Ends the wait, if there is one, after this time, with `ETIMEDOUT`. The
    /// program goes on.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the call. [`umh_core::exec`] has the table of results.
    #[doc(alias = "call_usermodehelper")]
    #[doc(alias = "call_usermodehelper_exec")]
    pub fn exec(self, umh: &Umh, wait: Wait) -> Result<Status, Error> {
        let killable = self.cancel.is_some() || self.timeout.is_some();
        let wait = if killable && !wait.is_no() {
            wait | Wait::KILLABLE
        } else {
            wait
        };
        let call = self.into_call(&umh.0)?;
        let (path, progress) = (call.path.clone(), call.progress.clone());
        let result = exec::exec(&umh.0, call, wait);
        result.map_err(|errno| Error::new(progress.stage(errno), path, errno))
    }

    /// Lays the call out in memory.
    pub(crate) fn into_call(mut self, host: &Processes) -> Result<ProcessCall, Error> {
        let configured = host.0.program.as_deref();
        let path = program(Some(self.path.as_slice()), configured).unwrap_or_default();
        let path = path.to_vec();
        let path = self.word(&path);
        let argv = std::mem::take(&mut self.argv);
        let argv = argv.iter().map(|word| self.word(word)).collect();
        let envp = std::mem::take(&mut self.envp);
        let envp = envp.iter().map(|word| self.word(word)).collect();
        if let Some(errno) = self.refused {
            return Err(Error::new(Stage::Words, self.c_path(), errno));
        }
        let progress = Progress::default();
        progress.at(Stage::Gate);
        Ok(ProcessCall {
            path,
            argv: Words::new(argv),
            envp: Words::new(envp),
            steps: self.steps,
            capabilities: self.capabilities,
            descriptors: self.descriptors,
            cgroup: self.cgroup,
            cleanup: self.cleanup,
            cancel: self.cancel,
            timeout: self.timeout,
            progress: Arc::new(progress),
        })
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn give(mut self, number: u16, source: Source) -> Self {
        if self.descriptors.is_full() {
            self.refused = Some(Errno::E2BIG);
        } else {
            self.descriptors.give(i32::from(number), source);
        }
        self
    }

    /// A word without a NUL inside; with one the call is refused.
    fn word(&mut self, word: &[u8]) -> CString {
        CString::new(word).unwrap_or_else(|_| {
            self.refused = Some(Errno::EINVAL);
            CString::default()
        })
    }

    fn pipe(&self) -> Result<(PipeReader, PipeWriter), Error> {
        io::pipe().map_err(|error| Error::new(Stage::Pipe, self.c_path(), io_errno(&error)))
    }

    /// The path for an error: up to a NUL.
    pub(crate) fn c_path(&self) -> CString {
        let path = self.path.split(|byte| *byte == 0).next();
        CString::new(path.unwrap_or_default()).unwrap_or_default()
    }
}
