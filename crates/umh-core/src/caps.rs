// SPDX-License-Identifier: MIT OR Apache-2.0

//! The capabilities that helpers may have: two sets that only shrink.
//!
//! `usermodehelper_bset` and `usermodehelper_inheritable` of `kernel/umh.c`,
//! and their sysctls `kernel.usermodehelper.{bset,inheritable}`.

use crate::errno::Errno;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::const_new;

/// A set of capabilities, `kernel_cap_t`: bit N is capability N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapSet(u64);

impl CapSet {
    /// No capability.
    pub const EMPTY: Self = Self(0);
    /// Every capability of Linux 6.12 and 7.2 (`CAP_FULL_SET`): 0 to 40,
    /// `CAP_CHECKPOINT_RESTORE`.
    pub const FULL: Self = Self((1 << 41) - 1);

    /// The set with these bits.
    #[inline]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The set's bits.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The set that the sysctl's two numbers mean: low and high 32 bits. Of a
    /// first number above 32 bits the rest is cut off, as the kernel does.
    pub const fn from_words(low: u64, high: u64) -> Self {
        Self((low & 0xffff_ffff) | high << 32)
    }

    /// The two numbers that the sysctl shows: `4294967295` and `511` if full.
    pub const fn words(self) -> (u32, u32) {
        ((self.0 & 0xffff_ffff) as u32, (self.0 >> 32) as u32)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `capability`, by its number, is in the set.
    pub const fn has(self, capability: u8) -> bool {
        capability < 64 && self.0 >> capability & 1 != 0
    }
}

/// The bounds of every helper's capabilities.
///
/// Linux takes a spinlock around each look and change
/// (`umh_sysctl_lock`). Here each set is one atomic word: a set is never seen
/// half-way, and the two sets are written by separate sysctls anyway, so that
/// no helper can tell the difference.
#[derive(Debug)]
pub struct Bounds {
    bset: AtomicU64,
    inheritable: AtomicU64,
}

/// Which of the two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `kernel.usermodehelper.bset`: the bounding set, and so what a helper of
    /// root is permitted.
    Bset,
    /// `kernel.usermodehelper.inheritable`.
    Inheritable,
}

impl Bounds {
    const_new! {
        /// Both sets full.
        pub fn new() -> Self {
            Self {
                bset: AtomicU64::new(CapSet::FULL.bits()),
                inheritable: AtomicU64::new(CapSet::FULL.bits()),
            }
        }
    }

    /// The set as it is now.
    #[inline]
    pub fn read(&self, which: Which) -> CapSet {
        // Sequentially consistent here and below: nothing depends on more,
        // and nobody has to prove that less would do.
        CapSet(self.word(which).load(Ordering::SeqCst))
    }

    /// A write to the sysctl: intersects, so that nothing comes back before
    /// the next boot. `may` is whether the writer has `CAP_SETPCAP` and
    /// `CAP_SYS_MODULE` in the initial user namespace.
    #[doc(alias = "proc_cap_handler")]
    pub fn write(&self, which: Which, set: CapSet, may: bool) -> Result<(), Errno> {
        if !may {
            return Err(Errno::EPERM);
        }
        self.word(which).fetch_and(set.bits(), Ordering::SeqCst);
        Ok(())
    }

    #[inline]
    fn word(&self, which: Which) -> &AtomicU64 {
        match which {
            Which::Bset => &self.bset,
            Which::Inheritable => &self.inheritable,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_bound_only_shrinks() {
        let bounds = Bounds::new();
        let without_first = CapSet::from_words(u64::MAX - 1, 511);
        bounds.write(Which::Bset, without_first, true).unwrap();
        bounds.write(Which::Bset, CapSet::FULL, true).unwrap();
        assert!(!bounds.read(Which::Bset).has(0));
        assert!(bounds.read(Which::Bset).has(40));
        assert_eq!(bounds.read(Which::Inheritable), CapSet::FULL);
    }

    #[test]
    fn who_may_not_write_changes_nothing() {
        let bounds = Bounds::new();
        let refused = bounds.write(Which::Inheritable, CapSet::EMPTY, false);
        assert_eq!(refused, Err(Errno::EPERM));
        assert_eq!(bounds.read(Which::Inheritable), CapSet::FULL);
    }

    #[test]
    fn a_full_set_reads_as_the_kernel_shows_it() {
        assert_eq!(CapSet::FULL.words(), (4_294_967_295, 511));
        assert_eq!(CapSet::from_words(4_294_967_295, 511), CapSet::FULL);
    }
}
