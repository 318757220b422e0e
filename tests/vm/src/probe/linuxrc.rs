// SPDX-License-Identifier: MIT OR Apache-2.0

//! `/linuxrc` of an initrd image, or what stands in place of usermode-helper
//! there: records how it was started, and makes the image the root for good.

use rustix::mount::MountFlags;

use super::started;

/// The record, in a file system that goes along when the root moves.
pub const RECORD: &str = "/mnt/linuxrc";

/// `Root_RAM0` (`include/linux/root_dev.h`): the kernel is to mount nothing.
const KEEP: &str = "256\n";

/// Gives 1 where a step failed. PID 1 then has no image, and the suite fails.
pub(super) fn run() -> i32 {
    let mount = |kind: &str, target| {
        rustix::mount::mount(kind, target, kind, MountFlags::empty(), None).map_err(Into::into)
    };
    let done = mount("proc", "/proc")
        .and_then(|()| mount("tmpfs", "/mnt"))
        .and_then(|()| std::fs::write(RECORD, started::record()))
        .and_then(|()| std::fs::write("/proc/sys/kernel/real-root-dev", KEEP));
    i32::from(done.is_err())
}
