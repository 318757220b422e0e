// SPDX-License-Identifier: MIT OR Apache-2.0

//! The atomics, chosen in one place: core's, or those of the model checker.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic;
#[cfg(loom)]
pub(crate) use loom::sync::atomic;

/// A constructor that is `const`, because Linux needs these values in statics
/// that are right before any code has run; loom's atomics cannot be.
macro_rules! const_new {
    ($(#[$doc:meta])* pub fn new() -> Self $body:block) => {
        $(#[$doc])*
        #[cfg(not(loom))]
        pub const fn new() -> Self $body

        $(#[$doc])*
        #[cfg(loom)]
        pub fn new() -> Self $body
    };
}

pub(crate) use const_new;
