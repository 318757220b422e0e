// SPDX-License-Identifier: MIT OR Apache-2.0

//! The fallback: somebody else is asked, in a thread of its own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use umh_core::errno::Errno;
use umh_core::firmware::{Answer, Fallback};
use umh_core::host::{FOREVER, Jiffies};

use super::Image;

pub(super) type Hook = Arc<dyn Fn(&Wanted) -> Option<Vec<u8>> + Send + Sync>;

/// What the fallback is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The file's name.
    pub name: OsString,
    /// Whether the request is announced, and so has a limit.
    pub uevent: bool,
}

/// One request to the fallback.
pub(super) struct HookRequest<'a> {
    hook: &'a Hook,
    name: &'a [u8],
    answer: Option<Receiver<Option<Vec<u8>>>>,
    image: Option<Image>,
}

impl<'a> HookRequest<'a> {
    pub(super) fn new(hook: &'a Hook, name: &'a [u8]) -> Self {
        Self {
            hook,
            name,
            answer: None,
            image: None,
        }
    }

    pub(super) fn image(self) -> Option<Image> {
        self.image
    }
}

impl Fallback for HookRequest<'_> {
    fn show(&mut self, uevent: bool) -> Result<(), Errno> {
        // Room for the answer, so that a late one goes nowhere at once.
        let (sender, answer) = sync_channel(1);
        let hook = self.hook.clone();
        let wanted = Wanted {
            name: OsStr::from_bytes(self.name).to_os_string(),
            uevent,
        };
        let thread = thread::Builder::new().name("umh-firmware".into());
        let started = thread.spawn(move || {
            let _ = sender.send(hook(&wanted));
        });
        started.map_err(|_| Errno::EAGAIN)?;
        self.answer = Some(answer);
        Ok(())
    }

    fn wait(&mut self, timeout: Jiffies) -> Answer {
        let Some(answer) = &self.answer else {
            return Answer::Aborted;
        };
        let answered = if timeout == FOREVER {
            answer.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            answer.recv_timeout(Duration::from_millis(timeout.unsigned_abs()))
        };
        match answered {
            Ok(Some(image)) => {
                self.image = Some(image.into());
                Answer::Done
            }
            Ok(None) | Err(RecvTimeoutError::Disconnected) => Answer::Aborted,
            Err(RecvTimeoutError::Timeout) => Answer::TimedOut,
        }
    }
}
