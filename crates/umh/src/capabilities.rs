// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a helper may: its capability sets, within the engine's bounds.

use rustix::io::{Errno, Result};
use rustix::thread::{
    CapabilitySet, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    configure_capability_in_ambient_set, remove_capability_from_bounding_set, set_capabilities,
};
use umh_core::caps::CapSet;
use umh_core::host;

/// The capability sets of a helper, for
/// [`Command::capabilities`](crate::Command::capabilities); `None` leaves a set
/// as it is. capabilities(7) has the rules by which execve(2) makes the
/// program's own sets of them:
///
/// - of root, it may what is in the bounding or the inheritable set;
/// - of another user, it may what is in the ambient set, and what the program
///   file has been given, within the bounding set.
///
/// ```
/// use umh::{CapSet, Capabilities};
///
/// /// linux/capability.h
/// const CAP_NET_ADMIN: u64 = 12;
/// let only = CapSet::from_bits(1 << CAP_NET_ADMIN);
/// let capabilities = Capabilities {
///     bounding: Some(only),
///     ..Capabilities::KERNEL
/// };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The most that the helper can ever have. Only shrinks, for which
    /// `CAP_SETPCAP` is needed.
    pub bounding: Option<CapSet>,
    /// What execve(2) may hand on. It has those of `ambient`, too.
    pub inheritable: Option<CapSet>,
    /// What the new process may until it is the program, permitted and
    /// effective: the program's file is opened with it, and `ambient` is taken
    /// from it.
    pub effective: Option<CapSet>,
    /// What a program has that is not root's and was given nothing.
    pub ambient: Option<CapSet>,
}

impl Capabilities {
    /// As the kernel starts its helpers: nothing inheritable or ambient.
    pub const KERNEL: Self = Self {
        bounding: None,
        inheritable: Some(CapSet::EMPTY),
        effective: None,
        ambient: Some(CapSet::EMPTY),
    };
}

/// Credentials in preparation: the engine's bounds, and what the call wants
/// within them.
pub(crate) struct Cred {
    bset: CapSet,
    inheritable: CapSet,
    pub(crate) wanted: Capabilities,
}

impl host::Cred for Cred {
    fn narrow(&mut self, bset: CapSet, inheritable: CapSet) {
        self.bset = self.bset.intersect(bset);
        self.inheritable = self.inheritable.intersect(inheritable);
    }
}

impl Cred {
    /// Those of the process as they are.
    pub(crate) const fn unchanged() -> Self {
        Self {
            bset: CapSet::FULL,
            inheritable: CapSet::FULL,
            wanted: Capabilities {
                bounding: None,
                inheritable: None,
                effective: None,
                ambient: None,
            },
        }
    }

    /// Takes them on, in the child. The order is that of what each needs: the
    /// inheritable set grows only within the bounding one, the ambient one
    /// within the inheritable one, and dropping from the bounding set needs a
    /// capability that may be gone at the end.
    pub(crate) fn commit(&self) -> Result<()> {
        let ambient = self.wanted.ambient;
        let ambient = ambient.map(|set| set.intersect(self.inheritable));

        if self.inheritable != CapSet::FULL
            || self.wanted.inheritable.is_some()
            || ambient.is_some()
        {
            let mut sets = capabilities(None)?;
            let inheritable = self.wanted.inheritable.map_or(sets.inheritable, of);
            let kept = inheritable & of(self.inheritable);
            sets.inheritable = kept | ambient.map_or(CapabilitySet::empty(), of);
            set_capabilities(None, sets)?;
        }
        if let Some(ambient) = ambient {
            clear_ambient_capability_set()?;
            for capability in each(ambient) {
                configure_capability_in_ambient_set(capability, true)?;
            }
        }
        let bounding = self.wanted.bounding.unwrap_or(CapSet::FULL);
        let bounding = bounding.intersect(self.bset);
        if bounding != CapSet::FULL {
            shrink_bounding_set(bounding)?;
        }
        if let Some(effective) = self.wanted.effective {
            let mut sets = capabilities(None)?;
            (sets.permitted, sets.effective) = (of(effective), of(effective));
            set_capabilities(None, sets)?;
        }
        Ok(())
    }
}

/// Drops all but `kept`, also what this code knows no name of. What is not
/// there needs no privilege to be dropped.
fn shrink_bounding_set(kept: CapSet) -> Result<()> {
    for capability in each(CapSet::from_bits(!kept.bits())) {
        match capability_is_in_bounding_set(capability) {
            Ok(true) => remove_capability_from_bounding_set(capability)?,
            Ok(false) => {}
            // The kernel has no more.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn of(set: CapSet) -> CapabilitySet {
    CapabilitySet::from_bits_retain(set.bits())
}

/// The capabilities of a set, one by one.
fn each(set: CapSet) -> impl Iterator<Item = CapabilitySet> {
    let numbers = (0..64).filter(move |number| set.has(*number));
    numbers.map(|number| CapabilitySet::from_bits_retain(1 << number))
}
