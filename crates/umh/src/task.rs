// SPDX-License-Identifier: MIT OR Apache-2.0

//! The new process, seen from inside. It shares our memory and has our locks'
//! states: nothing here allocates or locks.

use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{setpriority_process, umask};
use rustix::thread::{CapabilitySet, CpuSet};
use umh_core::caps::CapSet;
use umh_core::errno::Errno;
use umh_core::host;

use crate::call::ProcessCall;
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

/// What is to become of the capability sets.
pub(crate) struct Cred {
    bset: CapSet,
    inheritable: CapSet,
}

impl host::Cred for Cred {
    fn narrow(&mut self, bset: CapSet, inheritable: CapSet) {
        self.bset = self.bset.intersect(bset);
        self.inheritable = self.inheritable.intersect(inheritable);
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
    }

    fn prepare_creds(&mut self) -> Result<Cred, Errno> {
        Ok(Cred {
            bset: CapSet::FULL,
            inheritable: CapSet::FULL,
        })
    }

    fn commit_creds(&mut self, cred: Cred) -> Result<(), Errno> {
        self.progress.at(Stage::Capabilities);
        if cred.inheritable != CapSet::FULL {
            let mut sets = rustix::thread::capabilities(None).map_err(errno)?;
            let kept = CapabilitySet::from_bits_retain(cred.inheritable.bits());
            sets.inheritable &= kept;
            rustix::thread::set_capabilities(None, sets).map_err(errno)?;
        }
        // Last: dropping needs CAP_SETPCAP, which is dropped with the others
        // only at execve(2).
        if cred.bset != CapSet::FULL {
            for capability in 0..41 {
                if !cred.bset.has(capability) {
                    let dropped = CapabilitySet::from_bits_retain(1 << capability);
                    rustix::thread::remove_capability_from_bounding_set(dropped).map_err(errno)?;
                }
            }
        }
        Ok(())
    }

    fn wait_for_initramfs(&mut self) {}

    fn execve(&mut self, call: &mut ProcessCall) -> Result<(), Errno> {
        self.progress.at(Stage::Exec);
        Err(errno(sys::execve(&call.path, &call.argv, &call.envp)))
    }
}
