// SPDX-License-Identifier: MIT OR Apache-2.0

//! Capabilities: the bounding set is what counts for a program of uid 0.

use rustix::io::{Errno, Result};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use crate::policy::caps::Caps;

/// Whether [`keep`] can bring the bounding set down to `kept`: with
/// `CAP_SETPCAP`, or because nothing is left to take away.
pub(super) fn can_keep(kept: Caps) -> bool {
    let may_remove = rustix::thread::capabilities(None)
        .is_ok_and(|own| own.effective.contains(CapabilitySet::SETPCAP));
    may_remove
        || (0..u64::BITS)
            .filter(|number| !kept.has(*number))
            .all(|number| {
                // An error is past the last that this kernel knows.
                !capability_is_in_bounding_set(one(number)).unwrap_or(false)
            })
}

/// Gives up every capability but `kept`, in all sets; in the bounding set only
/// as far as can be, if `as_far` says so.
pub(super) fn keep(kept: Caps, as_far: bool) -> Result<()> {
    for number in (0..u64::BITS).filter(|number| !kept.has(*number)) {
        match remove_capability_from_bounding_set(one(number)) {
            Ok(()) => {}
            // Past the last that this kernel knows.
            Err(Errno::INVAL) => break,
            // Without CAP_SETPCAP the others cannot be removed either.
            Err(Errno::PERM) if as_far || can_keep(kept) => break,
            Err(errno) => return Err(errno),
        }
    }
    keep_own(kept)
}

/// Gives up every capability but `kept`, in all sets but the bounding set.
pub(super) fn keep_own(kept: Caps) -> Result<()> {
    let own = rustix::thread::capabilities(None)?;
    let kept = CapabilitySet::from_bits_retain(kept.bits());
    let sets = CapabilitySets {
        effective: own.effective & kept,
        permitted: own.permitted & kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets)
}

const fn one(number: u32) -> CapabilitySet {
    CapabilitySet::from_bits_retain(1 << number)
}
