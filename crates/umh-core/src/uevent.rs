// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something happened to a device: what the kernel tells, in which order.
//!
//! `lib/kobject_uevent.c:kobject_uevent_env`, `kobject_synth_uevent`. The
//! helper's words are read back by [`umh_abi::uevent::Uevent`].

mod environment;
mod synthetic;

pub use environment::Environment;
pub use synthetic::Synthetic;
pub use umh_abi::uevent::Action;

use crate::errno::Errno;
use crate::exec::exec;
use crate::host::Host;
use crate::wait::Wait;

/// What a host lends for all of it.
pub trait Uevents: Helper<Variables = Environment> {
    /// The next number of an event (`uevent_seqnum`).
    fn next_seqnum(&self) -> u64;
    /// Tells the listening sockets; without the words that only the helper
    /// gets.
    fn broadcast(
        &self,
        action: Action,
        devpath: &[u8],
        environment: &Environment,
    ) -> Result<(), Errno>;
}

/// What a host lends for the last step, the helper.
pub trait Helper: Host {
    /// The event's variables: [`Environment`], or the kernel's own buffer.
    type Variables: Variables;

    /// Whether there is a helper: the setting is not empty.
    fn has_helper(&self) -> bool;
    /// Sets up `HELPER SUBSYSTEM` with these variables. `None` if there is no
    /// memory.
    fn uevent_helper(&self, subsystem: &[u8], variables: Self::Variables) -> Option<Self::Call>;
}

/// The variables of an event on its way to the helper.
pub trait Variables {
    /// Appends one, given in pieces. `ENOMEM` if it does not fit.
    fn add(&mut self, pieces: &[&[u8]]) -> Result<(), Errno>;
    /// How many bytes are left.
    fn room(&self) -> usize;
}

/// What something happened to: a kobject, with what its kset says of it.
pub trait Object {
    /// Whether the object or a parent of it is in a kset.
    fn has_kset(&self) -> bool;
    /// Whether its driver wants no events of it (`uevent_suppress`).
    fn is_suppressed(&self) -> bool;
    /// Whether the kset wants an event: a device without bus and class has
    /// none.
    fn passes_filter(&self) -> bool;
    /// The bus or class of a device, or the kset's name; `None` for no event.
    fn subsystem(&self) -> Option<&[u8]>;
    /// Its path below `/sys`, with a leading `/`. `None` if it has no name.
    fn devpath(&self) -> Option<&[u8]>;
    /// Appends the keys of device, bus, class, type and driver.
    fn keys(&self, environment: &mut Environment) -> Result<(), Errno>;
    /// Whether it is in the initial namespace of its kind; only network
    /// devices and their queues have others.
    fn is_initial_namespace(&self) -> bool;
    /// Remembers that a `remove` need not be made up for it any more.
    fn mark_remove_sent(&mut self);
    /// Remembers that a `remove` is to be made up for it when it goes.
    fn mark_add_sent(&mut self);
}

/// Tells user space what happened: the listeners, then the helper. `extra` are
/// words of the event's cause. The result is that of the last step; nobody
/// waits for the helper.
#[doc(alias = "kobject_uevent_env")]
#[doc(alias = "kobject_uevent")]
pub fn send<U: Uevents>(
    host: &U,
    object: &mut dyn Object,
    action: Action,
    extra: &[&[u8]],
) -> Result<(), Errno> {
    // Even if the rest fails.
    if action == Action::Remove {
        object.mark_remove_sent();
    }
    if !object.has_kset() {
        return Err(Errno::EINVAL);
    }
    if object.is_suppressed() || !object.passes_filter() {
        return Ok(());
    }
    let Some(subsystem) = object.subsystem() else {
        return Ok(());
    };

    let mut environment = Environment::new();
    let devpath = object.devpath().ok_or(Errno::ENOENT)?;
    environment.add(&[b"ACTION=", action.as_bytes()])?;
    environment.add(&[b"DEVPATH=", devpath])?;
    environment.add(&[b"SUBSYSTEM=", subsystem])?;
    for word in extra {
        environment.add(&[word])?;
    }
    object.keys(&mut environment)?;
    match action {
        Action::Add => object.mark_add_sent(),
        // A module must not be loaded for a device that just lost its driver.
        Action::Unbind => environment.zap_modalias(),
        _ => {}
    }
    environment.add_number(b"SEQNUM=", host.next_seqnum())?;

    // Both were there a moment ago; the marks in between end the borrow.
    let devpath = object.devpath().unwrap_or_default();
    let told = host.broadcast(action, devpath, &environment);
    let subsystem = object.subsystem().unwrap_or_default();
    let is_initial = || object.is_initial_namespace();
    call_helper(host, subsystem, is_initial, environment).unwrap_or(told)
}

/// The last step: the helper, if there is one, for an object of the initial
/// namespace. `None` if none is called.
#[doc(alias = "kobj_usermode_filter")]
#[doc(alias = "init_uevent_argv")]
pub fn call_helper<H: Helper>(
    host: &H,
    subsystem: &[u8],
    is_initial_namespace: impl FnOnce() -> bool,
    variables: H::Variables,
) -> Option<Result<(), Errno>> {
    if !host.has_helper() || !is_initial_namespace() {
        return None;
    }
    Some(add_and_call(host, subsystem, variables))
}

fn add_and_call<H: Helper>(
    host: &H,
    subsystem: &[u8],
    mut variables: H::Variables,
) -> Result<(), Errno> {
    variables.add(&[b"HOME=/"])?;
    variables.add(&[b"PATH=/sbin:/bin:/usr/sbin:/usr/bin"])?;
    // The subsystem lies in the same buffer once more, as argv[1].
    if variables.room() <= subsystem.len() {
        return Err(Errno::ENOMEM);
    }
    let call = host
        .uevent_helper(subsystem, variables)
        .ok_or(Errno::ENOMEM)?;
    exec(host, call, Wait::NO).map(|_started| ())
}
