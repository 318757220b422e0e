// SPDX-License-Identifier: MIT OR Apache-2.0

//! KVM where it really boots a guest, software emulation everywhere else.
//!
//! `/dev/kvm` proves little: in a nested machine a guest may hang under it.
//! So a kernel with no init is booted once, which panics and restarts within
//! seconds where KVM works; the answer is kept in the cache.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::cache::{self, Cache};
use crate::run::Run;
use crate::vm::guest::{self, Ending, Guest, Machine};
use crate::vm::image::Image;
use crate::vm::newc::Archive;

/// How QEMU runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accelerator {
    /// On the processor.
    Kvm,
    /// By translation.
    Tcg,
    /// By translation, where the guest's clock counts instructions: one is
    /// one nanosecond, so that figures do not depend on the host.
    Counted,
}

impl Accelerator {
    /// Its words on QEMU's command line.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Kvm => &["-smp", "2", "-accel", "kvm", "-cpu", "host"],
            // With cmpxchg16b, QEMU 7.2 loses updates of 6.12's allocator:
            // double faults at random. QEMU 10 is sound either way.
            Self::Tcg => &[
                "-smp",
                "2",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max,-cx16",
            ],
            // A string instruction counts once for each step, not once: without
            // ERMS the kernel takes steps of eight bytes and not of one.
            Self::Counted => &[
                "-smp",
                "1",
                "-accel",
                "tcg,thread=single",
                "-icount",
                "shift=0,sleep=off",
                "-cpu",
                "max,-cx16,-erms,-fsrm",
            ],
        }
    }

    /// The one that works here, tried with the kernel at `image`.
    pub(crate) fn working(cache: &Cache, image: &Path) -> Result<Self> {
        if OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_err()
        {
            return Ok(Self::Tcg);
        }
        let host = fs::read("/proc/sys/kernel/osrelease").unwrap_or_default();
        let qemu = Run::new("qemu-system-x86_64").arg("--version").read()?;
        let key = cache::key(&[&host, qemu.as_bytes()]);
        let tried = cache.entry(&format!("kvm-{key}"), |partial| {
            let answer = if boots(image, partial)? { "kvm" } else { "tcg" };
            Ok(fs::write(partial.join("answer"), answer)?)
        })?;
        let kvm = fs::read(tried.join("answer"))? == b"kvm";
        Ok(if kvm { Self::Kvm } else { Self::Tcg })
    }
}

fn boots(image: &Path, dir: &Path) -> Result<bool> {
    let initramfs = dir.join("initramfs.cpio");
    fs::write(&initramfs, Box::<Archive>::default().finish())?;
    let console = dir.join("console.log");
    let guest = Guest {
        machine: Machine::Qemu(Accelerator::Kvm),
        image,
        initramfs: &initramfs,
        command_line: "panic=-1",
        console: &console,
        show: false,
        memory: 512,
        limit: Duration::from_secs(15),
    };
    let ending = guest.boot(|_| {})?;
    Ok(ending == Ending::Exited && guest::console(&console).contains("Kernel panic"))
}
