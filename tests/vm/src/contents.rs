// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the initramfs of a boot holds.
//!
//! The tree is merged like Debian's: `/bin`, `/sbin`, `/lib` and `/lib64` are
//! links into `/usr`, so that every path the kernel asks for leads over one.
//! Everything else that a case needs it makes for itself at run time.

mod bench;
mod inits;
mod linuxrc;
mod lsm;
mod modules;
mod selftests;
mod system;
mod umh;

use crate::plan::{Boot, Kernel, Suite};

/// One member of the archive. Parents come before children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A directory of root's.
    Directory {
        /// Absolute path.
        path: &'static str,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Absolute path.
        path: &'static str,
        /// What it says.
        target: &'static str,
    },
    /// A character device node, mode 0600.
    Node {
        /// Absolute path.
        path: &'static str,
        /// Major and minor number.
        device: (u32, u32),
    },
    /// A file of root's.
    File {
        /// Absolute path.
        path: &'static str,
        /// Permission bits.
        mode: u32,
        /// Where its bytes come from.
        origin: Origin,
    },
    /// `/lib/modules/RELEASE` with these modules, what they depend on, and
    /// the indexes that depmod makes of them.
    Modules(Modules),
    /// kmod of a Debian release, whatever the host runs: below `folder` the
    /// program itself, `lib64` with its loader and `lib` with its libraries.
    Kmod {
        /// The release: `trixie`.
        release: &'static str,
        /// An absolute path.
        folder: &'static str,
    },
    /// `/boot/config-RELEASE`, as it comes with the kernel.
    Configuration,
    /// A whole Debian system, as debootstrap makes it.
    System {
        /// The release: `trixie`.
        release: &'static str,
        /// What it has besides the essential packages.
        packages: &'static [&'static str],
        /// Whether `umh install` has been there.
        umh: bool,
    },
}

/// Where a file's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Bin `guest` of this package, linked statically.
    Guest,
    /// Bin `probe` of this package, linked statically.
    Probe,
    /// Bin `usermode-helper`, profile `helper`.
    Helper,
    /// Bin `umh`, linked statically.
    Umh,
    /// A program of `bench/peers`, linked statically.
    Peer(&'static str),
    /// `tests/vm/module/umh_test.ko`, built for the kernel that boots. The
    /// host leaves the file out where it cannot be built; cases say so.
    TestModule,
    /// A program of the host's, found along `PATH` of root, with the
    /// interpreter and the libraries that its ELF headers name, each at its
    /// own path. `package` is the Debian package that has it.
    Program {
        /// Its name: `kmod`.
        name: &'static str,
        /// Its package.
        package: &'static str,
    },
    /// A file out of a Debian package that is not to be installed on the
    /// host (`dpkg-deb -x`), with its libraries as for [`Origin::Program`].
    Package {
        /// The package: `sysvinit-core`.
        package: &'static str,
        /// The path inside: `/sbin/init`.
        path: &'static str,
    },
    /// What secilc makes of these files of the project.
    SelinuxPolicy(&'static [&'static str]),
    /// A file of `tools/testing/selftests`, out of the tree of the kernel that
    /// boots.
    Selftest(&'static str),
    /// These bytes.
    Text(&'static str),
}

/// Which kernel modules go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modules {
    /// Every module that the kernel's build made.
    All,
    /// These, by name, and what they depend on. A name that the kernel lacks
    /// is an error.
    Named(&'static [&'static str]),
    /// The same, with the indexes of all.
    Indexed(&'static [&'static str]),
}

/// What a stock kernel needs for the cases: families and file systems that
/// an unprivileged operation asks for, and the bridge.
const STOCK_MODULES: &[&str] = &["minix", "llc2", "algif_hash", "bridge", "dummy"];

/// The directories of every guest. The root too: every distribution's archive
/// has it, and without an entry it is as the kernel makes it.
const DIRECTORIES: &[&str] = &[
    "/",
    "/usr",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/umh",
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/etc",
    "/mnt",
];

/// Links that merge `/` into `/usr`, then those by which a stock kernel's
/// settings reach our program.
const LINKS: &[(&str, &str)] = &[
    ("/bin", "usr/bin"),
    ("/sbin", "usr/sbin"),
    ("/lib", "usr/lib"),
    ("/lib64", "usr/lib64"),
    ("/usr/lib/umh/modprobe", "../../sbin/usermode-helper"),
    ("/usr/lib/umh/core", "../../sbin/usermode-helper"),
    ("/usr/lib/umh/uevent", "../../sbin/usermode-helper"),
    ("/usr/lib/umh/request-key", "../../sbin/usermode-helper"),
    ("/usr/lib/umh/release-agent", "../../sbin/usermode-helper"),
    ("/usr/lib/umh/poweroff", "../../sbin/usermode-helper"),
    ("/usr/sbin/modprobe", "../bin/kmod"),
    ("/usr/sbin/brctl", "../bin/busybox"),
];

impl Boot {
    /// The archive's or the image's members, in order.
    pub fn contents(&self) -> Vec<Entry> {
        if self.suite.has_image() {
            return linuxrc::image(self.suite);
        }
        if let Some(release) = self.suite.release() {
            return system::tree(release, self.umh);
        }
        let mut entries = Vec::new();
        entries.extend(
            DIRECTORIES
                .iter()
                // The root comes first.
                .skip(usize::from(self.suite == Suite::Rootless))
                .map(|path| Entry::Directory { path, mode: 0o755 }),
        );
        entries.push(Entry::Directory {
            path: "/tmp",
            mode: 0o1777,
        });
        entries.extend(
            LINKS
                .iter()
                .map(|(path, target)| Entry::Link { path, target }),
        );
        entries.push(Entry::Node {
            path: "/dev/console",
            device: (5, 1),
        });
        entries.extend([
            file("/init", 0o755, Origin::Guest),
            file("/usr/lib/umh-vm-probe", 0o755, Origin::Probe),
            file("/usr/sbin/usermode-helper", 0o700, Origin::Helper),
            file("/usr/lib/umh-vm.ko", 0o644, Origin::TestModule),
            file(
                "/usr/bin/kmod",
                0o755,
                Origin::Program {
                    name: "kmod",
                    package: "kmod",
                },
            ),
            file(
                "/usr/bin/busybox",
                0o755,
                Origin::Program {
                    name: "busybox",
                    package: "busybox-static",
                },
            ),
            file(
                "/usr/bin/keyctl",
                0o755,
                Origin::Program {
                    name: "keyctl",
                    package: "keyutils",
                },
            ),
            file(
                "/usr/sbin/request-key",
                0o755,
                Origin::Program {
                    name: "request-key",
                    package: "keyutils",
                },
            ),
        ]);
        entries.push(Entry::Modules(match self.kernel {
            _ if self.suite == Suite::EveryModule => Modules::All,
            _ if self.suite == Suite::BenchModules => Modules::Indexed(STOCK_MODULES),
            Kernel::Stock61 | Kernel::Stock612 => Modules::Named(STOCK_MODULES),
            _ => Modules::All,
        }));
        entries.extend(self.suite.extra(self.kernel));
        if self.suite == Suite::Umh {
            umh::take_away(&mut entries);
            umh::add(&mut entries, self.kernel);
        }
        entries
    }
}

impl Suite {
    /// What only this suite needs.
    fn extra(self, kernel: Kernel) -> Vec<Entry> {
        match self {
            Self::InitBusybox => inits::busybox(),
            Self::InitSysvinit => inits::sysvinit(),
            Self::InitRunit => inits::runit(),
            Self::InitOpenrc => inits::openrc(),
            Self::InitFinit => inits::finit(),
            Self::Bench => bench::peers(),
            Self::BenchModules => bench::modprobes(),
            Self::Modules => modules::extra(),
            Self::Loadpin => modules::umh(),
            Self::BenchEngine => bench::empty(),
            Self::Apparmor => lsm::apparmor(),
            Self::Selinux => lsm::selinux(),
            Self::Engine => selftests::capsh(),
            Self::KmodSelftest | Self::KmodSelftestWhole => selftests::kmod(kernel),
            Self::FirmwareSelftest => selftests::firmware(),
            _ => Vec::new(),
        }
    }
}

const fn file(path: &'static str, mode: u32, origin: Origin) -> Entry {
    Entry::File { path, mode, origin }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(entry: &Entry) -> Option<&'static str> {
        match entry {
            Entry::Directory { path, .. }
            | Entry::Link { path, .. }
            | Entry::Node { path, .. }
            | Entry::File { path, .. } => Some(path),
            Entry::Kmod { folder, .. } => Some(folder),
            Entry::Modules(_) | Entry::Configuration | Entry::System { .. } => None,
        }
    }

    #[test]
    fn parents_come_first_and_nothing_comes_twice() {
        for boot in Boot::all() {
            if boot.suite.release().is_some() {
                // The system below ours is none of this list's.
                continue;
            }
            let mut seen = Vec::new();
            for path in boot.contents().iter().filter_map(path) {
                let parent = path
                    .rsplit_once('/')
                    .map(|(parent, _)| if parent.is_empty() { "/" } else { parent });
                let known = parent == Some("/") || seen.contains(&parent.unwrap());
                assert!(known, "{path} has no parent");
                assert!(!seen.contains(&path), "{path} comes twice");
                seen.push(path);
            }
        }
    }
}
