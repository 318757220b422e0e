// SPDX-License-Identifier: MIT OR Apache-2.0

//! A call in this process's memory.

use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Result;
use umh_core::call::{Call, Path};
use umh_core::wait::Retval;

use crate::cancel::Cancel;
use crate::capabilities::{Capabilities, Cred};
use crate::descriptors::Descriptors;
use crate::error::{Progress, Stage, errno};
use crate::init::Step;
use crate::sys::Words;

/// Everything that the new process needs, laid out before there is one.
pub(crate) struct ProcessCall {
    pub(crate) path: CString,
    pub(crate) argv: Words,
    pub(crate) envp: Words,
    pub(crate) steps: Vec<Step>,
    pub(crate) capabilities: Capabilities,
    pub(crate) descriptors: Descriptors,
    pub(crate) cgroup: Option<OwnedFd>,
    #[expect(dead_code, reason = "held to be dropped")]
    pub(crate) cleanup: Cleanup,
    pub(crate) cancel: Option<Cancel>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) progress: Arc<Progress>,
}

impl Call for ProcessCall {
    type Cred = Cred;

    fn path(&self) -> Path {
        Path::of(self.path.to_bytes())
    }

    /// In the child: neither allocates nor locks.
    fn init(&mut self, cred: &mut Cred) -> Retval {
        cred.wanted = self.capabilities;
        match self.take_steps() {
            Ok(()) => Retval::SUCCESS,
            Err(error) => errno(error).into(),
        }
    }
}

impl ProcessCall {
    fn take_steps(&self) -> Result<()> {
        self.progress.at(Stage::Descriptors);
        let aside = self.descriptors.set_aside()?;
        for step in &self.steps {
            self.progress.at(step.stage());
            step.take()?;
        }
        self.progress.at(Stage::Descriptors);
        self.descriptors.arrange(&aside)
    }
}

/// What is done when a call is freed, however far it has come.
#[derive(Default)]
pub(crate) struct Cleanup(Option<Box<dyn FnOnce() + Send>>);

impl Cleanup {
    pub(crate) fn new(cleanup: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(cleanup)))
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some(cleanup) = self.0.take() {
            cleanup();
        }
    }
}
