// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which suite boots on which kernel, with what, and how it ends.

use std::time::Duration;

mod boot;
mod kernel;

pub use boot::Boot;
pub use kernel::Kernel;

/// What one boot runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Each call is answered right.
    Calls,
    /// The attack table of SECURITY.md.
    Attacks,
    /// The same attacks with `umh.mode=audit`.
    Audit,
    /// Nothing is mounted and nothing exists but `/dev/console`.
    Bare,
    /// Floods, kills and crowds.
    Stress,
    /// `orderly_poweroff` without a program to run.
    PoweroffMissing,
    /// `orderly_poweroff` with a program that the kernel cannot execute.
    PoweroffBroken,
    /// `orderly_poweroff` with an empty `kernel.poweroff_cmd`.
    PoweroffEmpty,
    /// `orderly_reboot` without a program to run.
    RebootMissing,
    /// busybox init is asked to power off, and does.
    InitBusybox,
    /// sysvinit is asked to power off, and does.
    InitSysvinit,
    /// runit is asked to power off, and does.
    InitRunit,
    /// openrc-init is asked to power off, and does.
    InitOpenrc,
    /// finit is asked to power off, and does.
    InitFinit,
    /// `umh install` and the other commands, on a machine without umh.
    Umh,
    /// Modules for crowds, for strangers, packed and refused. Its last cases
    /// change what only a boot changes back.
    Modules,
    /// AppArmor confines the helper.
    Apparmor,
    /// SELinux confines the helper.
    Selinux,
    /// IMA measures and appraises what runs.
    Ima,
    /// LoadPin holds the kernel's files to one file system.
    Loadpin,
    /// An archive without an entry for `/`.
    Rootless,
    /// An initrd image: `/linuxrc` prepares the root before PID 1 is.
    Linuxrc,
    /// Each call once, for `cargo xtask demo`.
    Demo,
    /// The calls as the kernel makes them, kept as test vectors of umh-abi.
    Capture,
    /// The call of [`Suite::Linuxrc`], kept in the same way.
    CaptureLinuxrc,
    /// What a call costs, for `cargo xtask bench`.
    Bench,
    /// What the kernel's own part of a call costs.
    BenchEngine,
    /// What each modprobe costs, for `cargo xtask bench modules`.
    BenchModules,
    /// Every module of a distribution's kernel, which takes many minutes.
    EveryModule,
    /// A whole Debian 12 with systemd, and umh installed in it.
    Debian12,
    /// The same of Debian 13.
    Debian13,
    /// The same of Debian unstable.
    DebianSid,
    /// What comes of a call, by whichever code makes it.
    Engine,
    /// Linux's own `tools/testing/selftests/kmod`.
    KmodSelftest,
    /// What takes longest of that, as often as it recommends.
    KmodSelftestWhole,
    /// Linux's own `tools/testing/selftests/firmware`.
    FirmwareSelftest,
}

/// How a boot ends when all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest sends [`crate::protocol::Line::End`] and then powers off.
    Reported,
    /// The machine powers off without `end`, which passes the case that has
    /// begun last: the kernel's console says `reboot: Power down`.
    PowersOff,
    /// The machine restarts without `end`: `reboot: Restarting system`.
    Restarts,
}

impl Suite {
    /// Every suite, in the order of running.
    pub const ALL: &'static [Self] = &[
        Self::Calls,
        Self::Attacks,
        Self::Audit,
        Self::Bare,
        Self::Stress,
        Self::PoweroffMissing,
        Self::PoweroffBroken,
        Self::PoweroffEmpty,
        Self::RebootMissing,
        Self::InitBusybox,
        Self::InitSysvinit,
        Self::InitRunit,
        Self::InitOpenrc,
        Self::InitFinit,
        Self::Umh,
        Self::Modules,
        Self::Apparmor,
        Self::Selinux,
        Self::Ima,
        Self::Loadpin,
        Self::Rootless,
        Self::Linuxrc,
        Self::Demo,
        Self::Capture,
        Self::CaptureLinuxrc,
        Self::Bench,
        Self::BenchEngine,
        Self::BenchModules,
        Self::EveryModule,
        Self::Debian12,
        Self::Debian13,
        Self::DebianSid,
        Self::Engine,
        Self::KmodSelftest,
        Self::KmodSelftestWhole,
        Self::FirmwareSelftest,
    ];

    /// The word on command lines, in reports and in `umh_suite=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Attacks => "attacks",
            Self::Audit => "audit",
            Self::Bare => "bare",
            Self::Stress => "stress",
            Self::PoweroffMissing => "poweroff-missing",
            Self::PoweroffBroken => "poweroff-broken",
            Self::PoweroffEmpty => "poweroff-empty",
            Self::RebootMissing => "reboot-missing",
            Self::InitBusybox => "init-busybox",
            Self::InitSysvinit => "init-sysvinit",
            Self::InitRunit => "init-runit",
            Self::InitOpenrc => "init-openrc",
            Self::InitFinit => "init-finit",
            Self::Umh => "umh",
            Self::Modules => "modules",
            Self::Apparmor => "apparmor",
            Self::Selinux => "selinux",
            Self::Ima => "ima",
            Self::Loadpin => "loadpin",
            Self::Rootless => "rootless",
            Self::Linuxrc => "linuxrc",
            Self::Demo => "demo",
            Self::Capture => "capture",
            Self::CaptureLinuxrc => "capture-linuxrc",
            Self::Bench => "bench",
            Self::BenchEngine => "bench-engine",
            Self::BenchModules => "bench-modules",
            Self::EveryModule => "every-module",
            Self::Debian12 => "debian-12",
            Self::Debian13 => "debian-13",
            Self::DebianSid => "debian-sid",
            Self::Engine => "engine",
            Self::KmodSelftest => "kmod-selftest",
            Self::KmodSelftestWhole => "kmod-selftest-whole",
            Self::FirmwareSelftest => "firmware-selftest",
        }
    }

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.name() == name)
    }

    /// Whether `cargo xtask test` runs it: all but [`Suite::Demo`], the benches
    /// and the captures, which have commands of their own, and what takes too
    /// long: thousands of modules, hundreds of rounds and whole systems.
    pub const fn is_test(self) -> bool {
        !matches!(
            self,
            Self::Demo | Self::EveryModule | Self::KmodSelftestWhole
        ) && !self.is_bench()
            && !self.is_capture()
            && self.release().is_none()
    }

    /// The Debian release of which it boots a whole system.
    pub const fn release(self) -> Option<&'static str> {
        match self {
            Self::Debian12 => Some("bookworm"),
            Self::Debian13 => Some("trixie"),
            Self::DebianSid => Some("sid"),
            _ => None,
        }
    }

    /// Whether it needs what its own kernels have and those that stand for them
    /// do not: of distributions' every security module, signed and packed
    /// modules, tracepoints, a file in `/boot` that says so; of ours LoadPin.
    pub const fn needs_its_kernels(self) -> bool {
        matches!(
            self,
            Self::Umh | Self::Modules | Self::Apparmor | Self::Selinux | Self::Ima | Self::Loadpin
        )
    }

    /// Whether `cargo xtask bench` runs it.
    pub const fn is_bench(self) -> bool {
        matches!(self, Self::Bench | Self::BenchEngine | Self::BenchModules)
    }

    /// Whether `cargo xtask vm --capture` runs it.
    pub const fn is_capture(self) -> bool {
        matches!(self, Self::Capture | Self::CaptureLinuxrc)
    }

    /// Whether it boots from an initrd image and not from an archive.
    pub const fn has_image(self) -> bool {
        matches!(self, Self::Linuxrc | Self::CaptureLinuxrc)
    }

    /// The kernels it boots on. Attacks on settings are the option's subject:
    /// a stock kernel runs what the setting names without asking us.
    pub const fn kernels(self) -> &'static [Kernel] {
        match self {
            Self::Calls | Self::Capture => Kernel::OWN,
            Self::Demo | Self::Bench | Self::Umh | Self::Debian13 | Self::DebianSid => {
                &[Kernel::Stock612, Kernel::Option612]
            }
            // Its own kernel is the older one.
            Self::Debian12 => &[Kernel::Stock61, Kernel::Option612],
            Self::Modules | Self::BenchModules | Self::EveryModule => &[Kernel::Stock612],
            Self::Apparmor | Self::Selinux | Self::Ima => &[Kernel::Stock612],
            Self::Engine => &[
                Kernel::C612,
                Kernel::Rust612,
                Kernel::RustDebug612,
                Kernel::CUml72,
                Kernel::Uml72,
            ],
            // With umh in kmod's place, and to compare two kernels.
            Self::KmodSelftest | Self::KmodSelftestWhole => {
                &[Kernel::Option612, Kernel::C612, Kernel::Rust612]
            }
            Self::FirmwareSelftest | Self::BenchEngine => &[Kernel::C612, Kernel::Rust612],
            Self::Attacks
            | Self::Audit
            | Self::Bare
            | Self::Stress
            | Self::PoweroffMissing
            | Self::PoweroffBroken
            | Self::PoweroffEmpty
            | Self::RebootMissing
            | Self::InitBusybox
            | Self::InitSysvinit
            | Self::InitRunit
            | Self::InitOpenrc
            | Self::InitFinit
            | Self::Loadpin
            | Self::Rootless
            | Self::Linuxrc
            | Self::CaptureLinuxrc => &[Kernel::Option612],
        }
    }

    /// How it ends when all is well.
    pub const fn end(self) -> End {
        match self {
            Self::PoweroffMissing
            | Self::PoweroffBroken
            | Self::PoweroffEmpty
            | Self::InitBusybox
            | Self::InitSysvinit
            | Self::InitRunit
            | Self::InitOpenrc
            | Self::InitFinit
            | Self::Debian12
            | Self::Debian13
            | Self::DebianSid => End::PowersOff,
            Self::RebootMissing => End::Restarts,
            _ => End::Reported,
        }
    }

    /// PID 1.
    pub const fn init(self) -> &'static str {
        match self {
            Self::InitBusybox
            | Self::InitSysvinit
            | Self::InitRunit
            | Self::InitOpenrc
            | Self::InitFinit
            | Self::Debian12
            | Self::Debian13
            | Self::DebianSid => "/sbin/init",
            _ => "/init",
        }
    }

    /// Whether one case may take many minutes, so that only the boot has a
    /// limit: thousands of modules, a script of Linux's own.
    pub const fn has_long_cases(self) -> bool {
        matches!(
            self,
            Self::EveryModule
                | Self::KmodSelftest
                | Self::KmodSelftestWhole
                | Self::FirmwareSelftest
        )
    }

    /// How long a boot may take under software emulation on a busy machine.
    const fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Calls | Self::Attacks | Self::Audit | Self::Stress | Self::Umh => 600,
            Self::Modules | Self::Apparmor | Self::Selinux | Self::Ima => 600,
            // One processor, and every instruction counted.
            Self::Bench | Self::BenchEngine | Self::BenchModules => 1200,
            Self::EveryModule | Self::KmodSelftestWhole => 3600,
            Self::KmodSelftest | Self::FirmwareSelftest => 3600,
            Self::Engine => 900,
            Self::Debian12 | Self::Debian13 | Self::DebianSid => 1200,
            _ => 180,
        })
    }

    /// What only it has on the kernel's command line.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Audit => &["umh.mode=audit"],
            Self::Apparmor => &["security=apparmor"],
            Self::Selinux => &["security=selinux"],
            Self::Ima => &["ima_appraise=enforce"],
            Self::Loadpin => &["lsm=landlock,loadpin"],
            _ => &[],
        }
    }

    /// How many MiB of memory its guest has.
    const fn memory(self) -> u32 {
        match self {
            // The archive, and what it holds once more in the kernel.
            Self::EveryModule => 4096,
            Self::Debian12 | Self::Debian13 | Self::DebianSid => 3072,
            _ => 512,
        }
    }
}

/// The program whose start lets TOMOYO ask for its policy, where the command
/// line names it.
pub const TOMOYO_TRIGGER: &str = "/sbin/umh-vm-trigger";

/// What whole systems with and without umh are compared by: the files that
/// they send.
pub const MODULES: &str = "modules";
/// The same.
pub const FAILED_UNITS: &str = "failed-units";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for suite in Suite::ALL {
            assert_eq!(Suite::named(suite.name()), Some(*suite));
            assert!(!suite.kernels().is_empty());
        }
        for kernel in Kernel::ALL {
            assert_eq!(Kernel::named(kernel.name()), Some(*kernel));
        }
    }

    #[test]
    fn a_suite_with_long_cases_may_be_a_test() {
        let is_test = |kernel, suite| Boot::of(kernel, suite).is_test();
        assert!(is_test(Kernel::Option612, Suite::KmodSelftest));
        assert!(is_test(Kernel::Rust612, Suite::Engine));
        assert!(!is_test(Kernel::Option612, Suite::KmodSelftestWhole));
        assert!(!is_test(Kernel::Stock612, Suite::EveryModule));
    }
}
