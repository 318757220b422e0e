// SPDX-License-Identifier: MIT OR Apache-2.0

//! Something happened to a device: `HELPER SUBSYSTEM`, keys in the environment.
//!
//! `lib/kobject_uevent.c:kobject_uevent_env`, with `CONFIG_UEVENT_HELPER`.
//! One process an event, unordered (order by [`Uevent::seqnum`]), nobody waits.
//! The environment is the event: `ACTION`, `DEVPATH`, `SUBSYSTEM`, the keys of
//! the event's cause (`SYNTH_*`, `DEVPATH_OLD`), those of device, bus, class
//! and driver, `SEQNUM`; then `HOME` and `PATH`, which are not event keys.

use crate::contract::{Contract, Kernels, Program, Wait};
use crate::emit::{Sink, decimal};
use crate::environment;
use crate::fingerprint::Fingerprint;
use crate::words::{Invocation, Words};

/// The most words of the environment: `UEVENT_NUM_ENVP` (`include/linux/kobject.h`).
pub const KEYS_MAX: usize = 64;

/// The most bytes of environment and subsystem argument together, NULs
/// included: `UEVENT_BUFFER_SIZE`.
pub const BYTES_MAX: usize = 2048;

/// One device event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uevent<'a> {
    /// The program that the kernel meant to run: `kernel.hotplug`.
    pub program: &'a [u8],
    action: Action,
    keys: Words<'a>,
}

impl<'a> Uevent<'a> {
    /// What is fixed about the call.
    pub const CONTRACT: Contract = Contract {
        name: "uevent",
        source: "lib/kobject_uevent.c:kobject_uevent_env",
        kernels: Kernels::Both,
        program: Program::Setting {
            name: "kernel.hotplug",
            default: "",
        },
        wait: Wait::No,
    };

    /// An event of these keys, in the kernel's order, without `HOME` and
    /// `PATH`; `None` if the kernel makes no such event.
    pub fn new(program: &'a [u8], keys: Words<'a>) -> Option<Self> {
        let mut first = keys.iter();
        let action = Action::named(first.next()?.strip_prefix(b"ACTION=")?)?;
        first
            .next()?
            .strip_prefix(b"DEVPATH=")?
            .strip_prefix(b"/")?;
        let subsystem = first.next()?.strip_prefix(b"SUBSYSTEM=")?;
        let seqnum = keys.iter().last()?.strip_prefix(b"SEQNUM=")?;
        let tail = environment::WITHOUT_TERM_BLOCK.len() + subsystem.len() + 1;
        let fits = keys.len() + environment::WITHOUT_TERM.len() <= KEYS_MAX
            && keys.block().len() + tail <= BYTES_MAX;
        let numbered = decimal(seqnum).is_some_and(|number| number >= 0);
        let kept = keys.iter().all(|word| action.keeps(word));
        let shaped = fits && numbered && kept && !subsystem.is_empty();
        shaped.then_some(Self {
            program,
            action,
            keys,
        })
    }

    /// What happened.
    pub const fn action(&self) -> Action {
        self.action
    }

    /// The object's path below `/sys`, with a leading `/`.
    pub fn devpath(&self) -> &'a [u8] {
        self.keys.var(b"DEVPATH").unwrap_or_default()
    }

    /// The bus or class of the device, or the kernel's word for another object.
    pub fn subsystem(&self) -> &'a [u8] {
        self.keys.var(b"SUBSYSTEM").unwrap_or_default()
    }

    /// The event's number, rising by one an event since boot.
    pub fn seqnum(&self) -> u64 {
        let last = self
            .keys
            .iter()
            .last()
            .and_then(|word| word.strip_prefix(b"SEQNUM="));
        last.and_then(decimal)
            .and_then(|number| number.try_into().ok())
            .unwrap_or(0)
    }

    /// The device node's path below `/dev`, if the device has a node.
    pub fn devname(&self) -> Option<&'a [u8]> {
        self.key(b"DEVNAME")
    }

    /// The device number, if there is one.
    pub fn device_number(&self) -> Option<(u32, u32)> {
        let number = |name| decimal(self.key(name)?)?.try_into().ok();
        Some((number(b"MAJOR")?, number(b"MINOR")?))
    }

    /// The alias by which a module for the device is found.
    pub fn modalias(&self) -> Option<&'a [u8]> {
        self.key(b"MODALIAS")
    }

    /// The file that a driver asks for (`SUBSYSTEM=firmware`).
    pub fn firmware(&self) -> Option<&'a [u8]> {
        self.key(b"FIRMWARE")
    }

    /// The value of the key `name`, if [`Uevent::iter`] gives that key.
    pub fn key(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Names and values of the keys that a handler may see, in the kernel's
    /// order: a name is `[A-Z0-9_]+`, and of two keys of one name the first
    /// counts, as for getenv(3). What does not fit (a word without `=`; a
    /// `SYNTH_ARG_*` of small letters, which root chose) is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.keys.iter().enumerate().filter_map(|(index, word)| {
            let (name, value) = split(word)?;
            let mut earlier = self.keys.iter().take(index).filter_map(split);
            earlier
                .all(|(known, _)| known != name)
                .then_some((name, value))
        })
    }

    /// The keys as the kernel wrote them, without `HOME` and `PATH`.
    pub const fn keys(&self) -> Words<'a> {
        self.keys
    }

    /// Recognises the call by the environment, which no other looks like.
    pub(crate) fn parse(invocation: &Invocation<'a>) -> Option<Self> {
        let [program, subsystem] = invocation.argv.exactly()?;
        let keys = invocation
            .envp
            .block()
            .strip_suffix(environment::WITHOUT_TERM_BLOCK)?;
        let uevent = Self::new(program, Words::new(keys)?)?;
        let marked = invocation.fingerprint.has_no_fds() && !invocation.fingerprint.waited_for();
        (marked && subsystem == uevent.subsystem()).then_some(uevent)
    }

    /// Writes the call as the kernel does.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        sink.arg(&[self.program]);
        sink.arg(&[self.subsystem()]);
        for word in self.keys.iter() {
            sink.env(&[word]);
        }
        environment::write(&environment::WITHOUT_TERM, sink);
    }

    /// The marks of the kernel on the helper.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EXEC
    }
}

/// A key that is well-formed, as name and value.
fn split(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = word.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (word.get(..end)?, word.get(end + 1..)?);
    let allowed = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    (!name.is_empty() && name.iter().all(allowed)).then_some((name, value))
}

crate::words::constant_words! {
    /// What happened to a kernel object (`kobject_actions`).
    pub enum Action {
        /// It appeared.
        Add = "add",
        /// It went away.
        Remove = "remove",
        /// Its state changed.
        Change = "change",
        /// It has a new path; `DEVPATH_OLD` is the one before.
        Move = "move",
        /// A processor or memory block was switched on.
        Online = "online",
        /// A processor or memory block was switched off.
        Offline = "offline",
        /// A driver took the device.
        Bind = "bind",
        /// A driver left the device.
        Unbind = "unbind",
    }
}

impl Action {
    /// Whether an event of this action may carry the key `word`: `unbind`
    /// drops every `MODALIAS`, lest a module be loaded for a device that just
    /// lost its driver (`zap_modalias_env`).
    pub fn keeps(self, word: &[u8]) -> bool {
        self != Self::Unbind || !word.starts_with(b"MODALIAS=")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(keys: &[u8]) -> Option<Uevent<'_>> {
        Uevent::new(b"/sbin/mdev", Words::new(keys)?)
    }

    #[test]
    fn a_device_event_has_its_standard_keys() {
        let sda = event(
            b"ACTION=add\0DEVPATH=/devices/x/sda\0SUBSYSTEM=block\0MAJOR=8\0MINOR=0\0\
              DEVNAME=sda\0DEVTYPE=disk\0SEQNUM=1041\0",
        );
        let sda = sda.expect("as the kernel writes it");
        assert_eq!(sda.action(), Action::Add);
        assert_eq!(sda.devpath(), b"/devices/x/sda");
        assert_eq!(sda.device_number(), Some((8, 0)));
        assert_eq!((sda.devname(), sda.modalias()), (Some(&b"sda"[..]), None));
        assert_eq!(sda.seqnum(), 1041);
    }

    #[test]
    fn handlers_see_each_well_formed_key_once() {
        let odd = event(
            b"ACTION=change\0DEVPATH=/x\0SUBSYSTEM=y\0SYNTH_ARG_a=1\0=v\0word\0A=1\0A=2\0SEQNUM=0\0",
        );
        let odd = odd.expect("the first three keys and the last are right");
        let names = [&b"ACTION"[..], b"DEVPATH", b"SUBSYSTEM", b"A", b"SEQNUM"];
        assert!(odd.iter().map(|(name, _)| name).eq(names));
        assert_eq!(odd.key(b"A"), Some(&b"1"[..]));
    }

    #[test]
    fn unbind_carries_no_modalias() {
        let keys = b"ACTION=unbind\0DEVPATH=/x\0SUBSYSTEM=y\0MODALIAS=pci:z\0SEQNUM=0\0";
        assert_eq!(event(keys), None);
        assert!(Action::Bind.keeps(b"MODALIAS=pci:z"));
    }

    #[test]
    fn the_first_three_keys_and_the_last_have_their_places() {
        for keys in [
            &b"DEVPATH=/x\0ACTION=add\0SUBSYSTEM=y\0SEQNUM=0\0"[..],
            b"ACTION=add\0DEVPATH=/x\0SUBSYSTEM=y\0",
            b"ACTION=added\0DEVPATH=/x\0SUBSYSTEM=y\0SEQNUM=0\0",
            b"ACTION=add\0DEVPATH=x\0SUBSYSTEM=y\0SEQNUM=0\0",
            b"ACTION=add\0DEVPATH=/x\0SUBSYSTEM=y\0SEQNUM=-1\0",
        ] {
            assert_eq!(event(keys), None, "{}", keys.escape_ascii());
        }
    }
}
