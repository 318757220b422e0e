// SPDX-License-Identifier: MIT OR Apache-2.0

//! The scripted host's calls, and its processes seen from inside.

use umh_core::call::{Call, Path};
use umh_core::caps::CapSet;
use umh_core::errno::Errno;
use umh_core::host::{Cred, Task};
use umh_core::wait::Retval;

use super::Scripted;

pub(crate) struct TestCall {
    pub(crate) host: Scripted,
    pub(crate) path: Option<Vec<u8>>,
}

impl Drop for TestCall {
    fn drop(&mut self) {
        self.host.cleanups.set(self.host.cleanups.get() + 1);
    }
}

impl Call for TestCall {
    type Cred = TestCred;

    fn path(&self) -> Path {
        self.path.as_deref().map_or(Path::Null, Path::of)
    }

    fn init(&mut self, _cred: &mut TestCred) -> Retval {
        self.host.inits.set(self.host.inits.get() + 1);
        self.host.step("init");
        match self.host.primitive("init", Errno::ENODEV) {
            Ok(()) => self.host.script.init,
            Err(errno) => errno.into(),
        }
    }
}

pub(crate) struct TestTask(pub(crate) Scripted);

pub(crate) struct TestCred {
    host: Scripted,
    committed: bool,
}

impl Cred for TestCred {
    fn narrow(&mut self, bset: CapSet, inheritable: CapSet) {
        self.host
            .step(format!("caps {:x} {:x}", bset.bits(), inheritable.bits()));
    }
}

impl Drop for TestCred {
    fn drop(&mut self) {
        if !self.committed {
            self.host.step("abort_creds");
        }
    }
}

impl Task for TestTask {
    type Call = TestCall;
    type Cred = TestCred;

    fn default_signals(&mut self) {
        self.0.step("signals");
    }

    fn set_umask(&mut self, mask: u32) {
        self.0.step(format!("umask {mask:03o}"));
    }

    fn set_nice(&mut self, nice: i32) {
        self.0.step(format!("nice {nice}"));
    }

    fn prepare_creds(&mut self) -> Result<TestCred, Errno> {
        self.0.primitive("prepare_creds", Errno::ENOMEM)?;
        Ok(TestCred {
            host: self.0.clone(),
            committed: false,
        })
    }

    fn commit_creds(&mut self, mut cred: TestCred) -> Result<(), Errno> {
        self.0.primitive("commit_creds", Errno::EPERM)?;
        cred.committed = true;
        self.0.step("commit_creds");
        Ok(())
    }

    fn wait_for_initramfs(&mut self) {
        self.0.step("initramfs");
    }

    fn execve(&mut self, _call: &mut TestCall) -> Result<(), Errno> {
        self.0.primitive("execve", Errno::ENOENT)?;
        self.0.step("execve");
        self.0.script.execve
    }
}
