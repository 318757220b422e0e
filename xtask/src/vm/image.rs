// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a first root can be packed in.

/// A root in the making. Paths are absolute, and everything is root's.
pub(crate) trait Image {
    /// A directory.
    fn directory(&mut self, path: &str, mode: u32);
    /// A file.
    fn file(&mut self, path: &str, mode: u32, contents: &[u8]);
    /// A character device.
    fn node(&mut self, path: &str, mode: u32, device: (u32, u32));
    /// A symbolic link.
    fn link(&mut self, path: &str, target: &str);
    /// Whether something is at `path` already.
    fn contains(&self, path: &str) -> bool;
    /// The whole of it.
    fn finish(self: Box<Self>) -> Vec<u8>;
}
