// SPDX-License-Identifier: MIT OR Apache-2.0

//! The only door to the system, and with `start.rs` and `mem.rs` of the program
//! the only place with `unsafe`.

mod child;
pub mod clock;
pub mod descriptors;
mod exec;
mod heap;
pub mod identity;
pub mod keyctl;
pub mod landlock;
mod mapped;
mod memory;
mod path;
mod process;
mod raw;
pub mod reboot;
mod root;
pub mod seccomp;
mod shared;
mod stack;

pub use child::{Child, Ended, Group, spawn};
pub use exec::{WordList, check_file, exec_at, exec_file};
pub use heap::Heap;
pub use mapped::map_file;
pub use memory::map_anonymous;
pub use path::PathBuffer;
pub use process::exit;
pub use root::{Root, with_c_str};
pub use shared::map_shared;
pub use stack::Stack;
