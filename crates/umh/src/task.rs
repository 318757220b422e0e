// SPDX-License-Identifier: MIT OR Apache-2.0

//! The new process, seen from inside. It shares our memory and has our locks'
//! states: nothing here allocates or locks.

use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{setpriority_process, umask};
use rustix::thread::CpuSet;
use umh_core::errno::Errno;
use umh_core::host;

use crate::call::ProcessCall;
use crate::capabilities::Cred;
use crate::error::{Progress, Stage, errno};
use crate::sys;

pub(crate) struct ProcessTask {
    progress: Arc<Progress>,
}

impl ProcessTask {
    pub(crate) fn new(progress: Arc<Progress>) -> Self {
        Self { progress }
    }

    /// Leaves what a child of a kernel thread would not have: our session, our
    /// working directory, our processors, our scheduling policy.
    pub(crate) fn shed(&mut self) -> Result<(), Errno> {
        self.progress.at(Stage::Session);
        // A new process leads no group, so that this cannot fail.
        rustix::process::setsid().map_err(errno)?;
        self.progress.at(Stage::Directory);
        rustix::process::chdir(c"/").map_err(errno)?;

        let mut every = CpuSet::new();
        for cpu in 0..CpuSet::MAX_CPU {
            every.set(cpu);
        }
        // The kernel takes those that there are, and that our cpuset has. A
        // sandbox that refuses has its reasons.
        let _ = rustix::thread::sched_setaffinity(None, &every);
        // Workers in Linux are no real-time threads, as our caller may be. Who
        // may not leave SCHED_IDLE stays there, as with nice.
        let _ = sys::schedule_normally();
        Ok(())
    }
}

impl host::Task for ProcessTask {
    type Call = ProcessCall;
    type Cred = Cred;

    fn default_signals(&mut self) {
        sys::default_all_signals();
    }

    fn set_umask(&mut self, mask: u32) {
        umask(Mode::from_raw_mode(mask));
    }

    fn set_nice(&mut self, nice: i32) {
        // Who was made nice may not become less so without privilege: then it
        // stays as it is.
        let _ = setpriority_process(None, nice);
        // The disk's turn goes by the nice value again, which is no privilege.
        let _ = sys::no_io_priority();
    }

    fn prepare_creds(&mut self) -> Result<Cred, Errno> {
        Ok(Cred::unchanged())
    }

    fn commit_creds(&mut self, cred: Cred) -> Result<(), Errno> {
        self.progress.at(Stage::Capabilities);
        cred.commit().map_err(errno)
    }

    fn wait_for_initramfs(&mut self) {}

    fn execve(&mut self, call: &mut ProcessCall) -> Result<(), Errno> {
        self.progress.at(Stage::Exec);
        Err(errno(sys::execve(&call.path, &call.argv, &call.envp)))
    }
}
