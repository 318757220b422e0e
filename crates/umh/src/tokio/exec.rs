// SPDX-License-Identifier: MIT OR Apache-2.0

//! The flow of one call in a task.
//!
//! `umh_core::exec` for a caller that must not stand still: the same order of
//! checks, the same owner at each step. The call goes to a worker and comes
//! back through a channel, together with the process, so that the channel is
//! the hand-over: what nobody takes out of it goes to the reaper.

use ::tokio::sync::oneshot;
use umh_core::errno::Errno;
use umh_core::wait::{Status, Wait};
use umh_core::{exec, gate};

use super::patience::Patience;
use crate::call::ProcessCall;
use crate::child::Child;
use crate::error::{Stage, io_errno};
use crate::processes::Processes;
use crate::reaper::Held;
use crate::sys;

pub(super) async fn exec(host: &Processes, call: ProcessCall, wait: Wait) -> Result<Status, Errno> {
    if wait.is_no() {
        // Queues it, and is back.
        return exec::exec(host, call, wait);
    }
    let _running = gate::enter(host);
    counted(host, call, wait).await
}

async fn counted(host: &Processes, mut call: ProcessCall, wait: Wait) -> Result<Status, Errno> {
    if !exec::is_to_run(host, &call)? {
        return Ok(Status::SUCCESS);
    }
    let patience = Patience::of(&mut call);
    call.progress.at(Stage::Queue);
    let (sender, started) = oneshot::channel();
    let worker = host.clone();
    host.later(move || {
        // Nobody there: it goes to the reaper.
        let _ = sender.send(Helper::start(&worker, call));
    })?;
    // A worker that is gone without a word has panicked.
    let started = patience.or(started).await?;
    let helper = started.map_err(|_| Errno::EIO)??;
    if wait.is_proc() {
        helper.ended(&patience).await
    } else {
        helper.began()
    }
}

/// A helper and its call. Its caller takes them; otherwise the call is freed
/// when the helper ends, as if its caller had been killed.
struct Helper {
    child: Option<Child>,
    call: Option<ProcessCall>,
}

impl Helper {
    fn start(host: &Processes, mut call: ProcessCall) -> Result<Self, Errno> {
        let child = Child::start(host, &mut call)?;
        Ok(Self {
            child: Some(child),
            call: Some(call),
        })
    }

    fn began(mut self) -> Result<Status, Errno> {
        let call = self.call.take();
        let began = self.child.as_ref().map(Child::began);
        drop(self);
        drop(call);
        began.ok_or(Errno::EIO)?.into_result()
    }

    async fn ended(mut self, patience: &Patience) -> Result<Status, Errno> {
        if let Some(pidfd) = self.child.as_ref().and_then(Child::pidfd) {
            let watched = sys::watch(pidfd);
            let watched = watched.map_err(|error| io_errno(&error))?;
            let ended = patience.or(watched.readable()).await?;
            let _ready = ended.map_err(|error| io_errno(&error))?;
        }
        // It has ended: this does not wait.
        let (said, status) = self.child.take().ok_or(Errno::EIO)?.wait();
        said.ended(status).into_result()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let call = self.call.take();
        if let Some(child) = self.child.take() {
            child.leave(call.map(|call| Box::new(call) as Held));
        }
    }
}
