// SPDX-License-Identifier: MIT OR Apache-2.0

//! One suite on one kernel: whether there is such a boot, and how it starts.

use std::time::Duration;

use super::{Kernel, Suite, TOMOYO_TRIGGER};

/// One boot of one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What boots.
    pub kernel: Kernel,
    /// What it runs.
    pub suite: Suite,
    /// Whether umh is there. Only whole systems boot without it as well, to
    /// be compared with.
    pub umh: bool,
}

impl Boot {
    /// Every boot there is, the tests' and the commands', kernel by kernel.
    pub fn all() -> impl Iterator<Item = Self> {
        Kernel::ALL.iter().flat_map(|&kernel| {
            let suites = Suite::ALL.iter().map(move |&suite| Self::of(kernel, suite));
            suites.filter(Self::exists)
        })
    }

    /// That suite on that kernel.
    pub const fn of(kernel: Kernel, suite: Suite) -> Self {
        let umh = true;
        Self { kernel, suite, umh }
    }

    /// The boot without umh to compare a whole system with. There is none for
    /// a kernel with the option, which cannot call anything then.
    pub const fn baseline(self) -> Option<Self> {
        if self.suite.release().is_none() || self.kernel.has_option() {
            return None;
        }
        Some(Self { umh: false, ..self })
    }

    /// Its name in the file system.
    pub fn name(&self) -> String {
        let without = if self.umh { "" } else { "-without-umh" };
        format!("{}-{}{without}", self.kernel.name(), self.suite.name())
    }

    /// A kernel that stands for another runs its tests as well.
    fn exists(&self) -> bool {
        let kernels = self.suite.kernels();
        let stands = self.suite.is_test() && !self.suite.needs_its_kernels();
        let stands = stands && !self.kernel.is_watched();
        kernels.contains(&self.kernel) || stands && self.kernel.is_in(kernels)
    }

    /// How long it may take under software emulation on a busy machine.
    pub const fn limit(&self) -> Duration {
        let slower = if self.kernel.is_watched() { 3 } else { 1 };
        self.suite.limit().saturating_mul(slower)
    }

    /// How many MiB of memory the guest has.
    pub const fn memory(&self) -> u32 {
        let more = if self.kernel.is_watched() { 1024 } else { 0 };
        self.suite.memory() + more
    }

    /// Whether `cargo xtask test` boots it. Of the engine inside Linux that is
    /// one kernel with one suite: what compares two kernels, or repeats on
    /// another what passes on one, is `cargo xtask vm --full`.
    pub fn is_test(&self) -> bool {
        match self.suite {
            Suite::Engine => self.kernel == Kernel::Rust612,
            suite => suite.is_test() && Kernel::OWN.contains(&self.kernel),
        }
    }

    /// The kernel's command line, after what the host's console needs. Words
    /// with a `=` and no dot reach PID 1 as environment, so that the guest
    /// knows its suite without `/proc`. `case` is a substring of the names of
    /// the cases to run.
    pub fn command_line(&self, case: Option<&str>) -> String {
        let mut words = vec![format!("umh_suite={}", self.suite.name())];
        words.push(format!("umh_kernel={}", self.kernel.name()));
        words.extend(case.map(|case| format!("umh_case={case}")));
        if matches!(self.suite, Suite::Calls | Suite::Capture) && self.kernel.has_option() {
            // TOMOYO asks for its policy when this program, and not PID 1,
            // starts for the first time.
            words.push("lsm=landlock,tomoyo".into());
            words.push(format!("TOMOYO_trigger={TOMOYO_TRIGGER}"));
        }
        words.extend(self.suite.words().iter().map(ToString::to_string));
        if self.kernel.is_watched() {
            // What watches the kernel warns, which is no error to the console.
            words.push("ignore_loglevel".into());
        }
        words.push("panic=-1".into());
        if self.suite.has_image() {
            // With /dev/ram0 as the root, which is the image, there would be
            // nothing to prepare (`init/do_mounts_initrd.c:initrd_load`).
            words.push("root=/dev/ram1".into());
            // The image is larger than the 4 MiB that a RAM disk has
            // (`CONFIG_BLK_DEV_RAM_SIZE`).
            words.push("ramdisk_size=65536".into());
            words.push(format!("init={}", self.suite.init()));
        } else {
            words.push(format!("rdinit={}", self.suite.init()));
        }
        words.join(" ")
    }
}
