// SPDX-License-Identifier: MIT OR Apache-2.0

//! Linux's usermode helper for user space: programs run in a clean context.
#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod call;
mod cancel;
mod capabilities;
mod child;
mod command;
mod descriptors;
mod engine;
mod error;
mod event;
#[cfg(feature = "firmware")]
pub mod firmware;
mod init;
mod kmod;
mod pool;
mod processes;
mod reaper;
mod rwsem;
mod slot;
#[expect(unsafe_code, reason = "the only place for it")]
mod sys;
mod task;
#[cfg(feature = "tokio")]
pub mod tokio;
mod wake;

pub use cancel::Cancel;
pub use capabilities::Capabilities;
pub use command::Command;
pub use command::Output;
pub use engine::Builder;
pub use engine::Open;
pub use engine::Umh;
pub use error::Error;
pub use error::Stage;
pub use event::Event;
pub use init::Key;
pub use rustix::process::Resource;
pub use rustix::thread::UnshareFlags;
pub use umh_core::caps::CapSet;
pub use umh_core::caps::Which;
pub use umh_core::errno::Errno;
pub use umh_core::uevent::Action;
pub use umh_core::wait::Status;
pub use umh_core::wait::Wait;
