// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something happened to a device: a helper is told as the kernel tells it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use umh_core::errno::Errno;
use umh_core::uevent::{self, Action, Environment, Helper, Object, Synthetic, Uevents};

use crate::call::ProcessCall;
use crate::command::Command;
use crate::processes::Processes;

/// An event of a device, for [`Umh::uevent`](crate::Umh::uevent).
///
/// ```
/// use umh::{Action, Errno, Event, Umh};
///
/// let umh = Umh::builder().uevent_helper("/bin/true").build();
/// let event = Event::new(Action::Add, "/devices/virtual/vm/disk0", "block")
///     .key("DEVNAME", "vm/disk0")
///     .key("DEVTYPE", "disk");
/// umh.uevent(&event)?;
/// # Ok::<(), Errno>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an event does nothing until it is sent"]
pub struct Event {
    action: Action,
    devpath: Vec<u8>,
    subsystem: Vec<u8>,
    marks: Environment,
    keys: Vec<Vec<u8>>,
}

impl Event {
    /// What happened to the device at `devpath` (below `/sys`, with a leading
    /// `/`), of a bus or class.
    pub fn new(action: Action, devpath: impl AsRef<OsStr>, subsystem: impl AsRef<OsStr>) -> Self {
        Self {
            action,
            devpath: devpath.as_ref().as_bytes().to_vec(),
            subsystem: subsystem.as_ref().as_bytes().to_vec(),
            marks: Environment::new(),
            keys: Vec::new(),
        }
    }

    /// An event in the words of who writes to a `uevent` file of sysfs:
    /// `ACTION [UUID [KEY=VALUE]...]`. `EINVAL` for anything else.
    pub fn synthetic(
        text: &[u8],
        devpath: impl AsRef<OsStr>,
        subsystem: impl AsRef<OsStr>,
    ) -> Result<Self, Errno> {
        let request = Synthetic::parse(text)?;
        let mut event = Self::new(request.action, devpath, subsystem);
        request.add_to(&mut event.marks)?;
        Ok(event)
    }

    /// One more key of the device. The kernel takes `MODALIAS` out of an
    /// [`Action::Unbind`], and so does this.
    pub fn key(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref().as_bytes(), value.as_ref().as_bytes());
        self.keys.push([name, b"=", value].concat());
        self
    }

    pub(crate) fn send(&self, host: &Processes) -> Result<(), Errno> {
        let marks: Vec<&[u8]> = self.marks.words().iter().collect();
        uevent::send(host, &mut Device(self), self.action, &marks)
    }
}

/// The device of an event, which is always wanted.
struct Device<'a>(&'a Event);

impl Object for Device<'_> {
    fn has_kset(&self) -> bool {
        true
    }

    fn is_suppressed(&self) -> bool {
        false
    }

    fn passes_filter(&self) -> bool {
        true
    }

    fn subsystem(&self) -> Option<&[u8]> {
        Some(&self.0.subsystem)
    }

    fn devpath(&self) -> Option<&[u8]> {
        Some(&self.0.devpath)
    }

    fn keys(&self, environment: &mut Environment) -> Result<(), Errno> {
        let mut keys = self.0.keys.iter();
        keys.try_for_each(|key| environment.add(&[key]))
    }

    fn is_initial_namespace(&self) -> bool {
        true
    }

    fn mark_remove_sent(&mut self) {}

    fn mark_add_sent(&mut self) {}
}

/// What an engine's events share.
pub(crate) struct Events {
    helper: Vec<u8>,
    seqnum: AtomicU64,
}

impl Events {
    pub(crate) fn new(helper: Vec<u8>) -> Self {
        Self {
            helper,
            seqnum: AtomicU64::new(0),
        }
    }
}

impl Uevents for Processes {
    fn next_seqnum(&self) -> u64 {
        self.0.events.seqnum.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The kernel's listeners hear the kernel only.
    fn broadcast(
        &self,
        _action: Action,
        _devpath: &[u8],
        _environment: &Environment,
    ) -> Result<(), Errno> {
        Ok(())
    }
}

impl Helper for Processes {
    type Variables = Environment;

    fn has_helper(&self) -> bool {
        !self.0.events.helper.is_empty()
    }

    fn uevent_helper(&self, subsystem: &[u8], environment: Environment) -> Option<ProcessCall> {
        let helper = &self.0.events.helper;
        let argv = [helper.as_slice(), subsystem].map(|word| [word, b"\0"].concat());
        let argv = argv.concat();
        let argv = umh_abi::Words::new(&argv)?;
        Command::of(helper, argv, environment.words())
            .into_call(self)
            .ok()
    }
}
