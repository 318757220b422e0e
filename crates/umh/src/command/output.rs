// SPDX-License-Identifier: MIT OR Apache-2.0

//! A call whose output is wanted.

use std::io::{self, PipeReader, Read as _};
use std::thread;

use umh_core::wait::{Status, Wait};

use super::Command;
use crate::engine::Umh;
use crate::error::{Error, Stage, io_errno};

/// What a program wrote, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: Status,
    /// What it wrote to descriptor 1.
    pub stdout: Vec<u8>,
    /// What it wrote to descriptor 2.
    pub stderr: Vec<u8>,
}

impl Command {
    /// Makes the call, waits for its end, and gives what the program wrote to
    /// descriptors 1 and 2. Whoever inherits those from the program is waited
    /// for, too, without a limit. If the wait for the program itself is ended,
    /// what it writes is read on and lost, so that it can go on.
    pub fn output(self, umh: &Umh) -> Result<Output, Error> {
        let path = self.c_path();
        let (command, stdout) = self.pipe_from(1)?;
        let (command, stderr) = command.pipe_from(2)?;
        let unread = |error: io::Error| Error::new(Stage::Pipe, path.clone(), io_errno(&error));
        // Not in a scope: that would wait for the readers of a program that
        // goes on, whose caller's time is over.
        let readers = [stdout, stderr].map(|pipe| {
            let reader = thread::Builder::new().name("umh-reader".into());
            reader.spawn(move || all_of(pipe))
        });
        let status = command.exec(umh, Wait::PROC)?;
        let [stdout, stderr] = readers.map(|reader| {
            let joined = reader?.join();
            joined.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        });
        Ok(Output {
            status,
            stdout: stdout.map_err(unread)?,
            stderr: stderr.map_err(unread)?,
        })
    }
}

fn all_of(mut pipe: PipeReader) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)?;
    Ok(bytes)
}
