// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same for tasks of tokio: what waits in a thread elsewhere is a future
//! here, by the same name.
//!
//! A worker of the engine starts the process, so that no thread of the runtime
//! stands still; its end is seen by the runtime, on the process's descriptor.
//! Dropping a future ends its wait as a [`Cancel`](crate::Cancel) does: the
//! program goes on.
//!
//! ```
//! use umh::tokio::Umh;
//! use umh::{Command, Wait};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let umh = Umh::new();
//! let shell = Command::new("/bin/sh").args(["-c", "exit 3"]);
//! let status = umh.exec(shell, Wait::PROC).await?;
//! assert_eq!(status.code(), Some(3));
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Panics
//!
//! Outside a runtime, and in one that was made without its timer or its input
//! and output, as everything of tokio's does.

mod exec;
mod patience;

use std::ffi::OsStr;
use std::io;
use std::ops::Deref;
use std::time::Duration;

use ::tokio::io::AsyncReadExt as _;
use ::tokio::net::unix::pipe::{Receiver, Sender};
use ::tokio::task::{JoinError, spawn_blocking};
use umh_core::errno::Errno;
use umh_core::wait::{Status, Wait};

use crate::command::{Command, Output};
use crate::engine::Open;
use crate::error::{Error, Stage, io_errno};

/// An engine whose callers are tasks. It is the engine that it was made from;
/// what never waits has its methods there.
#[derive(Clone, Default)]
pub struct Umh(crate::Umh);

impl Umh {
    /// An engine with the usual limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the call. [`umh_core::exec`] has the table of results.
    #[doc(alias = "call_usermodehelper_exec")]
    pub async fn exec(&self, command: Command, wait: Wait) -> Result<Status, Error> {
        let host = &self.0.0;
        let call = command.into_call(host)?;
        let (path, progress) = (call.path.clone(), call.progress.clone());
        let result = exec::exec(host, call, wait).await;
        result.map_err(|errno| Error::new(progress.stage(errno), path, errno))
    }

    /// Makes the call, waits for its end, and gives what the program wrote to
    /// descriptors 1 and 2, as [`Command::output`] does.
    pub async fn output(&self, command: Command) -> Result<Output, Error> {
        let path = command.c_path();
        let (command, stdout) = pipe_from(command, 1)?;
        let (command, stderr) = pipe_from(command, 2)?;
        // In tasks of their own: if the wait is ended, they read on.
        let [stdout, stderr] = [stdout, stderr].map(|pipe| ::tokio::spawn(all_of(pipe)));
        let status = self.exec(command, Wait::PROC).await?;
        let read = |text: Result<io::Result<Vec<u8>>, JoinError>| {
            let text = text.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
            text.map_err(|error| Error::new(Stage::Pipe, path.clone(), io_errno(&error)))
        };
        Ok(Output {
            status,
            stdout: read(stdout.await)?,
            stderr: read(stderr.await)?,
        })
    }

    /// [`Umh::freeze`](crate::Umh::freeze).
    pub async fn freeze(&self) -> Result<(), Errno> {
        self.blocking(crate::Umh::freeze).await?
    }

    /// [`Umh::keep_open`](crate::Umh::keep_open).
    pub async fn keep_open(&self) -> Result<Open, Errno> {
        self.blocking(crate::Umh::keep_open).await?
    }

    /// [`Umh::keep_open_within`](crate::Umh::keep_open_within).
    pub async fn keep_open_within(&self, timeout: Duration) -> Option<Open> {
        let open = self
            .blocking(move |umh| umh.keep_open_within(timeout))
            .await;
        open.ok().flatten()
    }

    /// [`Umh::request_module`](crate::Umh::request_module).
    #[doc(alias = "__request_module")]
    pub async fn request_module(
        &self,
        name: impl AsRef<OsStr>,
        wait: bool,
    ) -> Result<Status, Errno> {
        let name = name.as_ref().to_owned();
        self.blocking(move |umh| umh.request_module(name, wait))
            .await?
    }

    /// What waits for others than the helper, and seldom for long, has a
    /// thread of the runtime's for it. Not one of the engine's workers: what
    /// it waits for may be in their queue.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&crate::Umh) -> T + Send + 'static,
    ) -> Result<T, Errno> {
        let umh = self.0.clone();
        let done = spawn_blocking(move || work(&umh)).await;
        done.map_err(|_| Errno::EIO)
    }
}

impl From<crate::Umh> for Umh {
    fn from(umh: crate::Umh) -> Self {
        Self(umh)
    }
}

impl Deref for Umh {
    type Target = crate::Umh;

    fn deref(&self) -> &crate::Umh {
        &self.0
    }
}

/// [`Command::stdin_pipe`].
pub fn stdin_pipe(command: Command) -> Result<(Command, Sender), Error> {
    let path = command.c_path();
    let (command, writer) = command.stdin_pipe()?;
    let writer = Sender::from_owned_fd(writer.into());
    let writer = writer.map_err(|error| Error::new(Stage::Pipe, path, io_errno(&error)))?;
    Ok((command, writer))
}

/// [`Command::pipe_from`].
pub fn pipe_from(command: Command, number: u16) -> Result<(Command, Receiver), Error> {
    let path = command.c_path();
    let (command, reader) = command.pipe_from(number)?;
    let reader = Receiver::from_owned_fd(reader.into());
    let reader = reader.map_err(|error| Error::new(Stage::Pipe, path, io_errno(&error)))?;
    Ok((command, reader))
}

/// [`Loader::request`](crate::firmware::Loader::request), in a worker of the
/// engine's as [`Loader::request_nowait`](crate::firmware::Loader::request_nowait).
#[cfg(feature = "firmware")]
#[doc(alias = "request_firmware_nowait")]
pub async fn request(
    loader: &std::sync::Arc<crate::firmware::Loader>,
    name: impl AsRef<OsStr>,
    options: crate::firmware::Options,
) -> Result<crate::firmware::Image, Errno> {
    let (sender, found) = ::tokio::sync::oneshot::channel();
    loader.request_nowait(name, options, move |image| {
        // Nobody there: a future that was dropped.
        let _ = sender.send(image);
    })?;
    found.await.unwrap_or(Err(Errno::EIO))
}

async fn all_of(mut pipe: Receiver) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).await?;
    Ok(bytes)
}
